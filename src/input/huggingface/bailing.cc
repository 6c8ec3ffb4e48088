// Ling and Ring (Bailing), version 1 and 2: a mixture behind grouped-query attention; version 2 normalises queries and
// keys and balances its experts by a bias.
// [inclusionAI/Ling-lite-1.5 configuration_bailing_moe.py, modeling_bailing_moe.py; Ling-mini-2.0
//  modeling_bailing_moe_v2.py; vllm models/bailing_moe.py]
#include "checkpoint.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// Files of the second version carry the first's model type, too; their class tells.
bool is_second_bailing(const Config& config, const Model& model) {
  if (model.family == "bailing_moe_v2") return true;
  const std::optional<std::vector<std::string>> classes = config.texts("architectures");
  return classes && !classes->empty() && classes->front().starts_with("BailingMoeV2");
}

void read_bailing_moe(const Config& config, Model& model) {
  const bool second = is_second_bailing(config, model);
  Decoder decoder = read_decoder(config, {.vocab = second ? 157184u : 30592u,
                                          .d_model = second ? 2048u : 1024u,
                                          .d_ff = second ? 5120u : 2048u,
                                          .layers = second ? 20u : 24u,
                                          .heads = 16,
                                          .kv_heads = second ? 4u : 0u});
  const bool biases = config.flag("use_bias", false);
  decoder.shape.qkv_bias = config.flag("use_qkv_bias", false);
  decoder.shape.output_bias = biases;
  if (second && config.flag("use_qk_norm", true)) decoder.shape.qk_norm = QkNorm::head;
  const bool linear_biases = biases && !second;

  Experts experts;
  experts.count = second ? config.count("num_experts", 256) : config.count("num_experts", 16);
  experts.active = second ? config.count("num_experts_per_tok", 8) : config.count("num_experts_per_tok", 2);
  experts.d_ff = second ? config.count("moe_intermediate_size", 512) : config.required("moe_intermediate_size");
  experts.shared_d_ff = experts.d_ff;
  if (config.has("moe_shared_expert_intermediate_size")) {
    experts.shared_d_ff = config.count("moe_shared_expert_intermediate_size", 512);
  }
  experts.shared_d_ff = experts.shared_d_ff * config.nullable("num_shared_experts", 0).value_or(0);
  experts.router_bias = second && config.flag("moe_router_enable_expert_bias", true);
  experts = checked(config, experts);
  const Count first = config.count("first_k_dense_replace", 0, 0);

  const auto layer = [&](bool sparse) {
    return Layer{{attention(kFullLayer, decoder.shape, 1)},
                 sparse ? gated_experts(experts, linear_biases) : gated(decoder.d_ff, linear_biases),
                 pre_norms(kRmsNorm, decoder.d_model)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return Count{i} >= first; }, layer);
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = layer(true);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
  read_rope(config, model, 16384);
}

}  // namespace

CTXCOST_FAMILY(kBailingMoe) = {
    .model_types = "bailing_moe bailing_moe_v2",
    .architectures = "BailingMoeForCausalLM BailingMoeV2ForCausalLM",
    .read = read_bailing_moe,
    .modules = {.queries = FusedQueries::always},
};

}  // namespace ctxcost::huggingface
