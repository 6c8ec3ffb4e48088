#include "encoder_decoder.h"

#include <string>

#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct SizedStack {
  std::uint32_t layers = 0;
  MixerShape shape;
  Count d_ff;
};

SizedStack read_stack(const Config& config, std::string_view prefix, const EncoderDecoderForm& form,
                      const StackSizes& defaults) {
  const std::string stack(prefix);
  const std::string layers_key = stack + "_layers";
  const std::string heads_key = stack + "_attention_heads";
  const std::string width_key = stack + "_ffn_dim";
  SizedStack sizes;
  sizes.layers = config.layers(layers_key.c_str(), defaults.layers);
  sizes.d_ff = config.count(width_key.c_str(), defaults.d_ff);
  const Count heads = config.count(heads_key.c_str(), defaults.heads);
  if (form.d_model % heads != 0) {
    config.fault(heads_key.c_str(),
                 "expected a divisor of d_model (" + to_string(form.d_model) + "), found " + to_string(heads));
  }
  sizes.shape = make_shape(config, form.d_model, heads, heads, max(form.d_model / heads, 1));
  sizes.shape.qkv_bias = sizes.shape.output_bias = true;
  sizes.shape.key_bias = form.key_bias;
  return sizes;
}

}  // namespace

void add_encoder_tensor(Model& model, Place place, Tensor tensor) {
  tensor.in_decode = false;
  add_tensor(model, place, tensor);
}

void add_encoder_decoder(const Config& config, Model& model, const EncoderDecoderForm& form) {
  const SizedStack encoder = read_stack(config, "encoder", form, form.encoder);
  const SizedStack decoder = read_stack(config, "decoder", form, form.decoder);
  const auto add_norms = [&](Place place, std::string_view of_encoder, std::string_view of_decoder) {
    std::vector<Tensor> norms;
    append_norm(norms, of_encoder, kLayerNorm, form.d_model);
    for (const Tensor& norm : norms) add_encoder_tensor(model, place, norm);
    norms.clear();
    append_norm(norms, of_decoder, kLayerNorm, form.d_model);
    for (const Tensor& norm : norms) add_tensor(model, place, norm);
  };
  if (form.embedding_norm) add_norms(Place::other, "enc_token_embd_norm", "token_embd_norm");
  if (form.final_norm) add_norms(Place::final_norm, "enc_output_norm", "output_norm");

  model.cross_tokens = form.source;
  MixerSettings cross;
  if (form.source) cross.set("tokens", *form.source);
  add_layers(
      model, encoder.layers,
      {{make_mixer("bidirectional", encoder.shape)}, plain(encoder.d_ff, true), pre_norms(kLayerNorm, form.d_model)},
      Stack::encoder);
  std::vector<Tensor> norms = pre_norms(kLayerNorm, form.d_model);
  append_norm(norms, "cross_attn_norm", kLayerNorm, form.d_model);
  add_layers(model, decoder.layers,
             {{make_mixer("full", decoder.shape), make_mixer("cross_attention", decoder.shape, cross)},
              plain(decoder.d_ff, true),
              std::move(norms)});
}

}  // namespace ctxcost::huggingface
