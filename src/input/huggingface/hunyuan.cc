// HunYuan, dense and with experts: Llama with normalised queries and keys. Hy3: experts after a dense first layer,
// whose choice a bias balances, and a prediction layer.
// [transformers configuration_hunyuan_v1_dense.py, modeling_hunyuan_v1_dense.py, modeling_hunyuan_v1_moe.py,
//  modular_hy_v3.py; tencent/Hunyuan-A13B-Instruct hunyuan.py; vllm models/hy_v3.py, hy_v3_mtp.py]
#include "checkpoint.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

constexpr DecoderDefaults kHunyuan = {.vocab = 290943, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32};

Decoder read_hunyuan_decoder(const Config& config) {
  Decoder decoder = read_decoder(config, kHunyuan);
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  if (config.flag("use_qk_norm", true)) decoder.shape.qk_norm = QkNorm::head;
  if (config.has("use_cla") && config.flag("use_cla", false)) {
    config.note("layers that share keys and values (use_cla) are counted each with its own");
  }
  return decoder;
}

void read_hunyuan_dense(const Config& config, Model& model) {
  const Decoder decoder = read_hunyuan_decoder(config);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 2048);
}

void read_hunyuan_moe(const Config& config, Model& model) {
  const Decoder decoder = read_hunyuan_decoder(config);
  // Each an integer for all layers or a list with one for each.
  const auto counts = per_layer_counts(config, "num_experts", 1, decoder.layers);
  const auto active = per_layer_counts(config, {"moe_topk", "num_experts_per_tok"}, 1, decoder.layers);
  std::vector<Count> widths(decoder.layers, decoder.d_ff);
  if (config.has("moe_intermediate_size")) {
    widths = per_layer_counts(config, "moe_intermediate_size", decoder.d_ff, decoder.layers);
  }
  std::vector<Count> shared(decoder.layers, 1);
  if (config.has("num_shared_expert")) shared = per_layer_counts(config, "num_shared_expert", 1, decoder.layers);
  const bool mixed = config.flag("use_mixed_mlp_moe", true);
  struct Variant {
    Count count, active, d_ff, shared;
    bool operator==(const Variant&) const = default;
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return Variant{counts[i], active[i], widths[i], shared[i]};
      },
      [&](const Variant& variant) {
        FeedForward feed_forward = gated(decoder.d_ff);
        if (variant.count > 1) {
          Experts experts{};
          experts.count = variant.count;
          experts.active = variant.active;
          experts.d_ff = variant.d_ff;
          if (mixed) experts.shared_d_ff = decoder.d_ff * variant.shared;
          feed_forward = gated_experts(checked(config, experts));
        }
        return Layer{{attention(kFullLayer, decoder.shape, 1)}, feed_forward, pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 2048);
}

void read_hy3(const Config& config, Model& model) {
  const DecoderDefaults defaults = {
      .vocab = 120832, .d_model = 4096, .d_ff = 13312, .layers = 80, .heads = 64, .kv_heads = 8, .d_k = 128};
  Decoder decoder = read_decoder(config, defaults);
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  if (!config.has("qk_norm") || config.flag("qk_norm", true)) decoder.shape.qk_norm = QkNorm::head;
  Experts experts;
  experts.count = config.count({"num_experts", "num_local_experts"}, 192);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count({"moe_intermediate_size", "expert_hidden_dim"}, 1536);
  experts.shared_d_ff = experts.d_ff * config.count("num_shared_experts", 1, 0);
  experts.router_bias = true;  // expert_bias
  experts = checked(config, experts);
  const std::vector<bool> sparse = expert_layers_after(config, decoder.layers, "first_k_dense_replace", 1);

  const auto layer = [&](bool with_experts) {
    return Layer{{attention(kFullLayer, decoder.shape, 1)},
                 with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                 pre_norms(kRmsNorm, decoder.d_model)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return static_cast<bool>(sparse[i]); }, layer);
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = layer(true);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
  read_rope(config, model, 131072);
}

}  // namespace

CTXCOST_FAMILY(kHunyuanDense) = {
    .model_types = "hunyuan_v1_dense",
    .architectures = "HunYuanDenseV1ForCausalLM",
    .read = read_hunyuan_dense,
};

CTXCOST_FAMILY(kHunyuanMoe) = {
    .model_types = "hunyuan_v1_moe",
    .architectures = "HunYuanMoEV1ForCausalLM",
    .read = read_hunyuan_moe,
};

CTXCOST_FAMILY(kHy3) = {
    .model_types = "hy_v3",
    .architectures = "HYV3ForCausalLM",
    .read = read_hy3,
};

}  // namespace ctxcost::huggingface
