// BLOOM: ALiBi, a norm after the embedding, biases everywhere, a tied head.
// [transformers configuration_bloom.py, modeling_bloom.py]
#include "readers.h"

namespace ctxcost::huggingface {

void read_bloom(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 250880, .d_model = 64, .d_ff = 0, .layers = 2, .heads = 8, .tied = true});
  decoder.d_ff = 4 * decoder.d_model;
  decoder.shape.qkv_bias = decoder.shape.output_bias = true;
  add_frame(model, decoder, kLayerNorm);
  std::vector<Tensor> norm;
  append_norm(norm, "token_embd_norm", kLayerNorm, decoder.d_model);
  for (const Tensor& tensor : norm) add_tensor(model, Place::other, tensor);
  add_layers(
      model, decoder.layers,
      {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, true), pre_norms(kLayerNorm, decoder.d_model)});
  // Only some files state seq_length; BLOOM was trained at 2048 [Le Scao 2022].
  set_positions(model, PositionEncoding::alibi, longest_sequence(config, 2048));
}

}  // namespace ctxcost::huggingface
