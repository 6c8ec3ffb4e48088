// BLOOM: ALiBi, a norm after the embedding, biases everywhere, a tied head.
// [transformers configuration_bloom.py, modeling_bloom.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_bloom(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 250880, .d_model = 64, .d_ff = 0, .layers = 2, .heads = 8, .tied = true, .grouped = false});
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

// What its GGUF files say.

void read_bloom_gguf(gguf::Header& file) {
  set_frame(file, "bloom");
  file.need("num_attention_heads", "attention.head_count");
}

}  // namespace

CTXCOST_FAMILY(kBloom) = {
    .model_types = "bloom",
    .architectures = "BloomForCausalLM BloomModel",
    .read = read_bloom,
    .gguf_architectures = "bloom",
    .read_gguf = read_bloom_gguf,
    .gguf = {.fused_qkv = true},
};

}  // namespace ctxcost::huggingface
