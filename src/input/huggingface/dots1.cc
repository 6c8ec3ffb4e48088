// dots.llm1: DeepSeek's experts behind ordinary heads with normalised queries and keys.
// [transformers configuration_dots1.py, modeling_dots1.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_dots1(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 152064, .d_model = 4608, .d_ff = 10944, .layers = 62, .heads = 32, .kv_heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  decoder.shape.qk_norm = QkNorm::head;
  Experts experts{};
  experts.count = config.nullable("n_routed_experts").value_or(0);
  const bool any_experts = experts.count > 0;
  if (any_experts) {
    experts.active = config.required("num_experts_per_tok");
    experts.d_ff = config.count("moe_intermediate_size", 1408);
    experts.shared_d_ff = experts.d_ff * config.nullable("n_shared_experts").value_or(0);
    experts.router_bias = true;  // e_score_correction_bias
    experts = checked(config, experts);
  }
  const Count dense = any_experts ? config.count("first_k_dense_replace", 0, 0) : Count{decoder.layers};
  const std::optional<Count> window = config.nullable("sliding_window", std::nullopt, 1);
  const Count first = window ? config.count("max_window_layers", 62, 0) : Count{decoder.layers};
  const auto kinds = layer_kinds(config, decoder.layers, kFullAndSliding,
                                 [&](std::uint32_t i) { return Count(i) >= first ? kSlidingLayer : kFullLayer; });
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) { return std::pair<std::string_view, bool>(kinds[i], Count(i) >= dense); },
      [&](const std::pair<std::string_view, bool>& variant) {
        return Layer{{attention(variant.first, decoder.shape, window.value_or(1))},
                     variant.second ? gated_experts(experts) : gated(decoder.d_ff),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kDots1) = {
    .model_types = "dots1",
    .architectures = "Dots1ForCausalLM",
    .read = read_dots1,
};

}  // namespace ctxcost::huggingface
