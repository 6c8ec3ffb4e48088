#include "encoder.h"

#include <utility>

namespace ctxcost::huggingface {

Encoder read_encoder(const Config& config, const EncoderDefaults& defaults, const EncoderKeys& keys) {
  Encoder encoder;
  encoder.layers = config.layers(keys.layers, defaults.layers);
  encoder.d_model = config.count(keys.d_model, defaults.d_model);
  if (defaults.d_ff > 0) encoder.d_ff = config.count(keys.d_ff, defaults.d_ff);
  const Count heads = config.count(keys.heads, defaults.heads);
  if (encoder.d_model % heads != 0) {
    config.fault(keys.heads, "expected a divisor of " + std::string(keys.d_model.name()) + " (" +
                                 to_string(encoder.d_model) + "), found " + to_string(heads));
  }
  encoder.shape = make_shape(config, encoder.d_model, heads, heads, max(encoder.d_model / heads, 1));
  encoder.shape.qkv_bias = encoder.shape.output_bias = true;
  encoder.vocab = config.count("vocab_size", defaults.vocab);
  return encoder;
}

void add_embeddings(Model& model, const Encoder& encoder, const EncoderTables& tables) {
  const Count width = tables.width > 0 ? tables.width : encoder.d_model;
  model.d_model = encoder.d_model;
  model.vocab = encoder.vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", width, encoder.vocab));
  if (tables.positions > 0) add_tensor(model, Place::table, lookup("position_embd", width, tables.positions));
  if (tables.types > 0) add_tensor(model, Place::table, lookup("token_types", width, tables.types));
  std::vector<Tensor> norm;
  append_norm(norm, "token_embd_norm", tables.norm, width);
  for (const Tensor& tensor : norm) add_tensor(model, Place::other, tensor);
  if (width != encoder.d_model) add_embedding_projection(model, width, encoder.d_model);
}

void add_embedding_projection(Model& model, Count width, Count d_model) {
  add_tensor(model, Place::other, linear("token_embd_up", width, d_model));
  add_tensor(model, Place::other, bias_of("token_embd_up", d_model));
}

void add_pooler(Model& model, Count d_model) {
  add_tensor(model, Place::once, linear("pooler", d_model, d_model));
  add_tensor(model, Place::once, bias_of("pooler", d_model));
}

void set_token_types(gguf::Header& file) {
  const FileTensor* types = file.tensor("token_types.weight");
  file.set("type_vocab_size",
           types == nullptr           ? Count{}
           : types->shape.size() == 2 ? types->shape[1]
                                      : Count{1},
           "token_types.weight");
}

std::vector<Tensor> encoder_norms(NormForm form, Count width) {
  std::vector<Tensor> tensors;
  append_norm(tensors, "attn_output_norm", form, width);
  append_norm(tensors, "layer_output_norm", form, width);
  return tensors;
}

Layer encoder_layer(std::shared_ptr<const Mixer> mixer, const FeedForward& feed_forward, Count d_model, NormForm norm) {
  return {{std::move(mixer)}, feed_forward, encoder_norms(norm, d_model)};
}

}  // namespace ctxcost::huggingface
