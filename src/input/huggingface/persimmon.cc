// Persimmon, and the language model of Fuyu: plain feed-forwards, biases everywhere, layer norms of queries and keys.
// [transformers configuration_persimmon.py, modeling_persimmon.py]
#include "ctxcost/model/positions.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_persimmon(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 262144, .d_model = 4096, .d_ff = 16384, .layers = 36, .heads = 64});
  // The class has no grouped heads.
  decoder.shape.kv_heads = decoder.shape.heads;
  decoder.shape.qkv_bias = decoder.shape.output_bias = true;
  add_frame(model, decoder, kLayerNorm);
  std::vector<Tensor> extras = pre_norms(kLayerNorm, decoder.d_model);
  if (config.flag("qk_layernorm", true)) {
    append_norm(extras, "attn_q_norm", kLayerNorm, decoder.shape.d_k);
    append_norm(extras, "attn_k_norm", kLayerNorm, decoder.shape.d_k);
  }
  add_uniform_layers(config, model, decoder, std::nullopt, plain(decoder.d_ff, true), extras);
  read_rope(config, model, 16384);
  const std::string part = config.number("partial_rotary_factor");
  model.positions.rotary_width = scaled_window(decoder.shape.d_k, part.empty() ? "0.5" : part);
}

}  // namespace

CTXCOST_FAMILY(kPersimmon) = {
    .model_types = "persimmon",
    .architectures = "PersimmonForCausalLM",
    .read = read_persimmon,
};

}  // namespace ctxcost::huggingface
