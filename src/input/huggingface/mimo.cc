// MiMo-7B: Qwen2 with prediction layers. MiMo-V2-Flash: sliding layers with their own heads and sinks, values narrower
// than keys.
// [XiaomiMiMo/MiMo-7B-RL modeling_mimo.py; MiMo-V2-Flash configuration_mimo_v2_flash.py, modeling_mimo_v2_flash.py]
#include "checkpoint.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {

extern const Family kQwen2;  // qwen.cc

namespace {

void read_mimo(const Config& config, Model& model) {
  kQwen2.read(config, model);
  if (model.groups.empty()) return;
  const LayerGroup& last = model.groups.back();
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = {last.mixers, last.feed_forward, last.extras};
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
}

void read_mimo_v2_flash(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 152576, .d_model = 4096, .d_ff = 16384, .layers = 48, .heads = 64, .kv_heads = 4, .d_k = 192});
  const bool bias = config.flag("attention_bias", false);
  decoder.shape.qkv_bias = bias;
  decoder.shape.d_v = config.count("v_head_dim", 128);
  decoder.shape.sink_logits = config.flag("add_full_attention_sink_bias", false);
  MixerShape local = make_shape(config, decoder.d_model, config.count("swa_num_attention_heads", 64),
                                config.count("swa_num_key_value_heads", 8), config.count("swa_head_dim", 192));
  local.qkv_bias = bias;
  local.d_v = config.count("swa_v_head_dim", 128);
  local.sink_logits = config.flag("add_swa_attention_sink_bias", true);
  const Count window = config.count({"sliding_window", "sliding_window_size"}, 128);

  Experts experts{};
  experts.count = config.count({"n_routed_experts", "num_local_experts"}, 256);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", 2048);
  experts.shared_d_ff = experts.d_ff * config.nullable("n_shared_experts").value_or(0);
  experts.router_bias = config.text("topk_method", "noaux_tc") == "noaux_tc";  // e_score_correction_bias
  experts = checked(config, experts);

  const auto slides = config.counts_per_layer("hybrid_layer_pattern", decoder.layers);
  if (!slides) config.fault("hybrid_layer_pattern", "expected a list with 1 for each sliding layer, found nothing");
  const auto sparse = config.counts_per_layer("moe_layer_freq", decoder.layers);
  if (!sparse) config.fault("moe_layer_freq", "expected a list with 1 for each layer of experts, found nothing");
  if (!slides || !sparse) return;
  struct Variant {
    bool slides, sparse;
    bool operator==(const Variant&) const = default;
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return Variant{(*slides)[i] != 0, (*sparse)[i] != 0};
      },
      [&](const Variant& variant) {
        return Layer{
            {variant.slides ? attention(kSlidingLayer, local, window) : attention(kFullLayer, decoder.shape, 1)},
            variant.sparse ? gated_experts(experts) : gated(decoder.d_ff),
            pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 262144);
}

}  // namespace

CTXCOST_FAMILY(kMimo) = {
    .model_types = "mimo",
    .architectures = "MiMoForCausalLM",
    .read = read_mimo,
};

CTXCOST_FAMILY(kMimoV2Flash) = {
    .model_types = "mimo_v2_flash",
    .architectures = "MiMoV2FlashForCausalLM",
    .read = read_mimo_v2_flash,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
