// Laguna (poolside): sliding layers with more query heads than the full ones, a gate on what attention yields, and
// experts beside a shared one after the first layers.
// [transformers configuration_laguna.py, modular_laguna.py; vllm models/laguna.py; llama.cpp models/laguna.cpp]
#include <algorithm>

#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// One gate for each head (XS, S) or one for each of its elements (M). [vllm models/laguna.py LagunaAttention]
enum class Gating { none, heads, elements };

Gating read_gating(const Config& config) {
  const Config::Found found = config.find("gating");
  if (found && found.value->is(JsonValue::Type::boolean)) return found.value->boolean ? Gating::heads : Gating::none;
  const std::string word = config.text("gating", "per-head");
  if (word == "per-element") return Gating::elements;
  if (word != "per-head") {
    config.fault("gating", "expected \"per-head\", \"per-element\", true or false, found \"" + word + "\"");
  }
  return Gating::heads;
}

/// True for the layers of experts: as `mlp_layer_types` says, all but those in `mlp_only_layers`, or all but the first.
std::vector<bool> read_laguna_experts(const Config& config, std::uint32_t layers) {
  if (std::optional<std::vector<bool>> listed = read_expert_layers(config, layers)) return *std::move(listed);
  std::vector<bool> sparse(layers, true);
  if (!config.has("mlp_only_layers")) config.took_default("mlp_layer_types", "the first layer is dense");
  for (const Count& dense : config.counts("mlp_only_layers").value_or(std::vector<Count>{0})) {
    if (dense >= Count{layers}) {
      config.fault("mlp_only_layers",
                   "expected layers below " + std::to_string(layers) + ", found " + to_string(dense));
      break;
    }
    sparse[dense.u64()] = false;
  }
  return sparse;
}

void read_laguna(const Config& config, Model& model) {
  const DecoderDefaults defaults = {
      .vocab = 100352, .d_model = 2048, .d_ff = 8192, .layers = 40, .heads = 48, .kv_heads = 8, .d_k = 128};
  const Decoder decoder = read_decoder(config, defaults);
  std::vector<Count> heads(decoder.layers, decoder.shape.heads);
  if (config.has("num_attention_heads_per_layer")) {
    heads = per_layer_counts(config, "num_attention_heads_per_layer", decoder.shape.heads, decoder.layers);
  }
  const std::vector<std::string_view> kinds =
      layer_kinds(config, decoder.layers, kFullAndSliding, [](std::uint32_t) { return kFullLayer; });
  const bool slides = std::find(kinds.begin(), kinds.end(), kSlidingLayer) != kinds.end();
  const Count window = slides ? limit_of_kinds(config, kinds, config.nullable("sliding_window", 512, 1)) : Count{1};
  const Gating gating = read_gating(config);
  const bool bias = config.flag("attention_bias", false);
  const bool qkv_bias = config.has("qkv_bias") ? config.flag("qkv_bias", false) : bias;

  Experts experts;
  experts.count = config.count("num_experts", 256);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", 512);
  experts.shared_d_ff = config.count("shared_expert_intermediate_size", 512, 0);
  experts.router_bias = true;  // e_score_correction_bias
  experts = checked(config, experts);
  const std::vector<bool> sparse = read_laguna_experts(config, decoder.layers);

  struct Variant {
    Count heads;
    std::string_view kind;
    bool sparse;
    bool operator==(const Variant&) const = default;
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return Variant{heads[i], kinds[i], sparse[i]};
      },
      [&](const Variant& variant) {
        MixerShape shape =
            make_shape(config, decoder.d_model, variant.heads, decoder.shape.kv_heads, decoder.shape.d_k);
        shape.qkv_bias = qkv_bias;
        shape.output_bias = bias;
        shape.qk_norm = QkNorm::head;
        shape.gate = gating == Gating::elements;
        std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
        if (gating == Gating::heads) extras.push_back(linear("attn_gate", decoder.d_model, variant.heads));
        return Layer{{attention(variant.kind, shape, window)},
                     variant.sparse ? gated_experts(experts) : gated(decoder.d_ff),
                     std::move(extras)};
      });
  read_rope(config, model, 131072);
}

}  // namespace

CTXCOST_FAMILY(kLaguna) = {
    .model_types = "laguna",
    .architectures = "LagunaForCausalLM",
    .read = read_laguna,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
