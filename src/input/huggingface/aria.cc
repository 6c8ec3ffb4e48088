// Aria's language model: Llama's attention, experts in every layer beside one module as wide as all shared ones.
// [transformers modular_aria.py AriaTextConfig, AriaTextMoELayer]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_aria(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 4096, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  if (config.flag("mlp_bias", false)) config.fault("mlp_bias", "expected false: experts with biases are not known");
  Experts experts;
  experts.count = config.count("moe_num_experts", 8);
  experts.active = config.count("moe_topk", 2);
  experts.d_ff = decoder.d_ff;
  experts.shared_d_ff = config.count("moe_num_shared_experts", 2, 0) * decoder.d_ff;
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated_experts(checked(config, experts)),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kAria) = {
    .model_types = "aria_text",
    .architectures = "AriaTextForCausalLM",
    .read = read_aria,
};

}  // namespace ctxcost::huggingface
