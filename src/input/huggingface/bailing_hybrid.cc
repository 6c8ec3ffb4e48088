// Ling and Ring with linear attention: of every few layers the last has grouped-query (Ring-linear) or latent attention
// (Ling 2.5, 2.6 and 3), the others lightning attention or, in Ling 3, Kimi delta attention.
// [transformers configuration_bailing_hybrid.py, modular_bailing_hybrid.py; mlx-lm models/bailing_moe_linear.py,
//  bailing_hybrid.py, bailing_moe_v3.py; llama.cpp models/bailingmoe3.cpp]
#include "checkpoint.h"
#include "family.h"
#include "latent.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// The last layer of each group is a full one, and so are those behind the last whole group.
std::vector<std::string_view> read_kinds(const Config& config, std::uint32_t layers) {
  const Count group = config.has("layer_types") ? Count{1} : config.count("layer_group_size", 8);
  const Count grouped = Count{layers} / group * group;
  return layer_kinds(config, layers, kFullAndLinear, [&](std::uint32_t i) {
    return (Count{i} + 1) % group == 0 || Count{i} >= grouped ? kFullLayer : kLinearLayer;
  });
}

Experts read_experts(const Config& config) {
  Experts experts;
  experts.count = config.count({"num_experts", "num_local_experts"}, 256);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", 2048);
  const Count shared_width =
      config.nullable("moe_shared_expert_intermediate_size", std::nullopt, 1).value_or(experts.d_ff);
  experts.shared_d_ff = shared_width * config.nullable("num_shared_experts", 1).value_or(0);
  experts.router_bias = config.flag("moe_router_enable_expert_bias", true);
  return checked(config, experts);
}

/// No file has biases, or other KV heads than query heads in its linear layers.
void refuse_others(const Config& config, Count heads) {
  for (const char* key : {"use_bias", "use_qkv_bias", "attention_bias"}) {
    if (config.has(key) && config.flag(key, false)) config.fault(key, "expected false, found true");
  }
  const Keys own = "num_kv_heads_for_linear_attn";
  const Count kv_heads = config.nullable(own).value_or(0);
  if (kv_heads > 0 && kv_heads != heads) {
    config.fault(own, "expected 0 or as many as query heads (" + to_string(heads) + "), found " + to_string(kv_heads));
  }
}

/// A mixer and what a layer with it has besides the two norms.
struct Attention {
  std::shared_ptr<const Mixer> mixer;
  std::vector<Tensor> extras;
};

/// A norm for the queries and keys of every head.
std::vector<Tensor> head_norms(const Config& config, Count width) {
  if (!config.flag("use_qk_norm", true)) return {};
  return {vector_of("attn_q_norm", width), vector_of("attn_k_norm", width)};
}

/// Its heads are as wide as hidden_size gives, whatever head_dim says: that of latent attention's rotary part, in files
/// that transformers wrote.
Attention read_lightning(const Config& config, Count d_model, Count heads) {
  const Count d_k = max(d_model / heads, 1);
  const MixerShape shape = make_shape(config, d_model, heads, heads, d_k);
  return {make_mixer("lightning", shape, {{"block", Count{64}}}), head_norms(config, d_k)};
}

Attention read_delta(const Config& config, Count d_model, Count heads) {
  const Count d_k = config.nullable("head_dim", std::nullopt, 1).value_or(max(d_model / heads, 1));
  const MixerShape shape = make_shape(config, d_model, heads, heads, d_k);
  MixerSettings settings;
  settings.set("conv", config.count("short_conv_kernel_size", 4));
  if (config.flag("no_kda_lora", true)) {
    settings.set("full_rank_gate", true);
    settings.set("full_rank_decay", true);
  }
  return {make_mixer("kimi_delta", shape, settings), {}};
}

Attention read_latent_attention(const Config& config, Count d_model, Count heads, bool gated) {
  const Latent latent = read_latent(config, d_model, heads, {512, 1536, 128, 64, 128});
  Attention attention = {make_mixer("latent", latent.shape, latent.settings), {}};
  if (!gated) return attention;
  const std::string gates = config.text("gated_attention_proj_granularity_type", "head_wise");
  if (gates != "head_wise") {
    config.fault("gated_attention_proj_granularity_type", "expected \"head_wise\", found \"" + gates + "\"");
  }
  attention.extras.push_back(linear("attn_gate", d_model, heads));
  return attention;
}

/// Adds the frame, the layers and those that predict.
void add_decoder(const Config& config, Model& model, const Decoder& decoder, const Attention& full,
                 const Attention& recurrent) {
  const std::vector<std::string_view> kinds = read_kinds(config, decoder.layers);
  const Experts experts = read_experts(config);
  const std::vector<bool> sparse = expert_layers_after(config, decoder.layers, "first_k_dense_replace", 4);
  refuse_others(config, decoder.shape.heads);
  const auto layer = [&](bool is_full, bool with_experts) {
    const Attention& attention = is_full ? full : recurrent;
    std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
    extras.insert(extras.end(), attention.extras.begin(), attention.extras.end());
    return Layer{{attention.mixer}, with_experts ? gated_experts(experts) : gated(decoder.d_ff), std::move(extras)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::pair<bool, bool>(kinds[i] == kFullLayer, sparse[i]); },
      [&](const std::pair<bool, bool>& variant) { return layer(variant.first, variant.second); });
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = layer(!(config.has("mtp_use_kda") && config.flag("mtp_use_kda", false)), true);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
  read_rope(config, model, 131072);
}

void read_bailing_linear(const Config& config, Model& model) {
  const DecoderDefaults defaults = {
      .vocab = 157184, .d_model = 2048, .d_ff = 5120, .layers = 20, .heads = 16, .kv_heads = 4};
  Decoder decoder = read_decoder(config, defaults);
  if (config.flag("use_qk_norm", true)) decoder.shape.qk_norm = QkNorm::head;
  const Attention full = {attention(kFullLayer, decoder.shape, 1), {}};
  add_decoder(config, model, decoder, full, read_lightning(config, decoder.d_model, decoder.shape.heads));
}

/// Files of Ling 3 have Ling 2.5's model type; their class tells, or the convolution that only delta attention has.
bool is_third(const Config& config) {
  const std::optional<std::vector<std::string>> classes = config.texts("architectures");
  if (classes && !classes->empty() && classes->front().starts_with("BailingMoeV3")) return true;
  return config.has("short_conv_kernel_size");
}

void read_bailing_hybrid(const Config& config, Model& model) {
  const DecoderDefaults defaults = {.vocab = 157184, .d_model = 8192, .d_ff = 18432, .layers = 80, .heads = 64};
  const Decoder decoder = read_latent_decoder(config, defaults);
  const Count heads = decoder.shape.heads;
  const bool third = is_third(config);
  add_decoder(config, model, decoder, read_latent_attention(config, decoder.d_model, heads, third),
              third ? read_delta(config, decoder.d_model, heads) : read_lightning(config, decoder.d_model, heads));
}

}  // namespace

CTXCOST_FAMILY(kBailingHybrid) = {
    .model_types = "bailing_hybrid",
    .architectures = "BailingHybridForCausalLM BailingMoeV2_5ForCausalLM BailingMoeV3ForCausalLM",
    .read = read_bailing_hybrid,
};

CTXCOST_FAMILY(kBailingLinear) = {
    .model_types = "bailing_moe_linear",
    .architectures = "BailingMoeLinearForCausalLM BailingMoeLinearV2ForCausalLM",
    .read = read_bailing_linear,
    .modules = {.queries = FusedQueries::always},
};

}  // namespace ctxcost::huggingface
