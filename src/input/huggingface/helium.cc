// Helium: Llama's layout with a bias that attention_bias gives queries, keys and values only.
// [transformers configuration_helium.py, modular_helium.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_helium(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 48000, .d_model = 2560, .d_ff = 7040, .layers = 24, .heads = 20, .kv_heads = 20, .d_k = 128});
  decoder.shape.qkv_bias = config.flag("attention_bias", false);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff, config.flag("mlp_bias", false)),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 4096);
}

}  // namespace

CTXCOST_FAMILY(kHelium) = {
    .model_types = "helium",
    .architectures = "HeliumForCausalLM",
    .read = read_helium,
};

}  // namespace ctxcost::huggingface
