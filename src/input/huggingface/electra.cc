// ELECTRA: BERT without a pooler, its embedding narrower than the model in the small sizes. The generator and the
// discriminator have the same form. [transformers configuration_electra.py, modeling_electra.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_electra(const Config& config, Model& model) {
  const std::uint32_t layers = config.layers("num_hidden_layers", 12);
  const Count width = config.count("embedding_size", 128);
  const Count d = config.count("hidden_size", 256);
  const Count d_ff = config.count("intermediate_size", 1024);
  const Count heads = config.count("num_attention_heads", 4);
  const Count vocab = config.count("vocab_size", 30522);
  const Count rows = config.count("max_position_embeddings", 512);
  const Count types = config.count("type_vocab_size", 2, 0);
  if (d % heads != 0) {
    config.fault("num_attention_heads",
                 "expected a divisor of hidden_size (" + to_string(d) + "), found " + to_string(heads));
  }
  MixerShape shape = make_shape(config, d, heads, heads, max(d / heads, 1));
  shape.qkv_bias = shape.output_bias = true;
  model.d_model = d;
  model.vocab = vocab;
  add_tensor(model, Place::embedding, lookup("token_embd", width, vocab));
  add_tensor(model, Place::table, lookup("position_embd", width, rows));
  if (types > 0) add_tensor(model, Place::table, lookup("token_types", width, types));
  std::vector<Tensor> norms;
  append_norm(norms, "token_embd_norm", kLayerNorm, width);
  for (const Tensor& tensor : norms) add_tensor(model, Place::other, tensor);
  if (width != d) {
    add_tensor(model, Place::other, linear("token_embd_up", width, d));
    add_tensor(model, Place::other, bias_of("token_embd_up", d));
  }
  norms.clear();
  append_norm(norms, "attn_output_norm", kLayerNorm, d);
  append_norm(norms, "layer_output_norm", kLayerNorm, d);
  add_layers(model, layers, {{make_mixer("bidirectional", shape)}, plain(d_ff, true), std::move(norms)},
             Stack::encoder);
  set_positions(model, PositionEncoding::learned, rows, rows);
}

}  // namespace

CTXCOST_FAMILY(kElectra) = {
    .model_types = "electra",
    .architectures = "ElectraModel ElectraForPreTraining ElectraForMaskedLM",
    .read = read_electra,
};

}  // namespace ctxcost::huggingface
