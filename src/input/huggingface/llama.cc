// Llama and the families that are Llama with other defaults.
// [transformers configuration_llama.py, modeling_llama.py]
#include "parts.h"
#include "readers.h"

namespace ctxcost::huggingface {

void read_llama(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  const bool mlp_bias = config.flag("mlp_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      {{attention(kFullLayer, decoder.shape, 0)}, gated(decoder.d_ff, mlp_bias), pre_norms(kRmsNorm, decoder.d_model)});
  read_rope(config, model, 2048);
}

}  // namespace ctxcost::huggingface
