// EXAONE 3: Llama under other names. EXAONE 4: queries and keys normalised, norms after the blocks, alternating
// windows. K-EXAONE: those windows, norms before the blocks, experts after the first layers.
// [LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct configuration_exaone.py; transformers configuration_exaone4.py,
//  modeling_exaone4.py, modular_exaone_moe.py; vllm models/exaone_moe.py]
#include "checkpoint.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_exaone(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 102400, .d_model = 2048, .d_ff = 0, .layers = 32, .heads = 32, .tied = true});
  decoder.d_ff = config.nullable("intermediate_size", std::nullopt, 1).value_or(4 * decoder.d_model);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 2048);
}

Decoder read_normalised_decoder(const Config& config) {
  Decoder decoder = read_decoder(
      config, {.vocab = 102400, .d_model = 4096, .d_ff = 16384, .layers = 32, .heads = 32, .kv_heads = 32});
  decoder.shape.qk_norm = QkNorm::head;
  return decoder;
}

/// The kinds of the layers. The pattern is a word, "LLLG", or a number, and means nothing beside layer_types or without
/// a window.
std::vector<std::string_view> read_pattern(const Config& config, std::uint32_t layers, std::optional<Count> window) {
  Count pattern = 1;
  if (window && !config.has("layer_types")) {
    const Config::Found found = config.find("sliding_window_pattern");
    if (found && found.value->is(JsonValue::Type::string)) {
      pattern = max(Count(found.value->text.size()), 1);
    } else if (!config.is_null("sliding_window_pattern")) {
      pattern = config.count("sliding_window_pattern", 4);
    }
  }
  return sliding_pattern(config, layers, pattern);
}

void read_exaone4(const Config& config, Model& model) {
  const Decoder decoder = read_normalised_decoder(config);
  const std::optional<Count> window = config.nullable("sliding_window", 4096, 1);
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, read_pattern(config, decoder.layers, window), window, gated(decoder.d_ff),
                      {vector_of("post_attention_norm", decoder.d_model), vector_of("post_ffw_norm", decoder.d_model)});
  read_rope(config, model, 2048);

  // EXAONE 4.5 predicts more tokens by a decoder layer of its own; with mtp_share_layers, one for all of them
  // [vllm models/exaone4_5_mtp.py; LGAI-EXAONE/EXAONE-4.5-33B tensors mtp.*].
  if (!config.has("num_nextn_predict_layers") || model.groups.empty()) return;
  const LayerGroup& last = model.groups.back();
  PredictionLayers prediction;
  prediction.count = config.count("num_nextn_predict_layers", 0, 0);
  if (prediction.count > 1 && config.flag("mtp_share_layers", false)) prediction.count = 1;
  prediction.layer = {last.mixers, last.feed_forward, last.extras};
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
}

/// Windows of layers, each with its own (K-EXAONE 2) or all alike; 0 where a layer sees all.
std::vector<Count> read_windows(const Config& config, const std::vector<std::string_view>& kinds,
                                std::optional<Count> for_all) {
  const auto layers = static_cast<std::uint32_t>(kinds.size());
  std::optional<std::vector<Count>> windows = config.counts_per_layer("sliding_windows", layers);
  if (!windows) windows.emplace(layers, limit_of_kinds(config, kinds, for_all));
  for (std::uint32_t i = 0; i < layers; ++i) {
    Count& window = (*windows)[i];
    if (kinds[i] == kFullLayer) {
      window = 0;
      continue;
    }
    if (window > 0) continue;
    config.fault("sliding_windows", "expected the window of layer " + std::to_string(i) + ", which slides, found 0");
    window = 1;
  }
  return *std::move(windows);
}

void read_exaone_moe(const Config& config, Model& model) {
  const Decoder decoder = read_normalised_decoder(config);
  std::optional<Count> for_all;
  if (!config.has("sliding_windows")) for_all = config.nullable("sliding_window", 4096, 1);
  const std::vector<std::string_view> kinds = read_pattern(config, decoder.layers, for_all);
  const std::vector<Count> windows = read_windows(config, kinds, for_all);
  Experts experts;
  experts.count = config.count("num_experts", 64);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", 1024);
  experts.shared_d_ff = experts.d_ff * config.count("num_shared_experts", 1, 0);
  experts.router_bias = true;  // e_score_correction_bias
  experts = checked(config, experts);
  std::vector<bool> sparse(decoder.layers);
  if (const auto listed = config.counts_per_layer("is_moe_layer", decoder.layers)) {  // the files of LG's own class
    for (std::uint32_t i = 0; i < decoder.layers; ++i) sparse[i] = (*listed)[i] != 0;
  } else {
    sparse = expert_layers_after(config, decoder.layers, {"first_k_dense_replace", "first_last_k_dense_replace"}, 1);
  }

  const auto layer = [&](Count window, bool with_experts) {
    return Layer{{attention(window > 0 ? kSlidingLayer : kFullLayer, decoder.shape, window)},
                 with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                 pre_norms(kRmsNorm, decoder.d_model)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::pair<Count, bool>(windows[i], sparse[i]); },
      [&](const std::pair<Count, bool>& variant) { return layer(variant.first, variant.second); });
  read_rope(config, model, 2048);

  // A prediction layer is dense; one may predict several tokens [vllm models/exaone_moe.py ExaoneMoeDecoderLayer].
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  if (const auto listed = config.texts("mtp_layer_types")) prediction.count = listed->size();
  const std::vector<Count> own = config.counts("mtp_sliding_windows").value_or(std::vector<Count>{});
  prediction.layer = layer(own.empty() ? Count{0} : own.front(), false);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
}

}  // namespace

CTXCOST_FAMILY(kExaone) = {
    .model_types = "exaone",
    .architectures = "ExaoneForCausalLM",
    .read = read_exaone,
};

// Only the 32B, of 64 layers, has windows [llama.cpp models/exaone4.cpp].
CTXCOST_FAMILY(kExaone4) = {
    .model_types = "exaone4",
    .architectures = "Exaone4ForCausalLM",
    .read = read_exaone4,
    .gguf = {.windows = true, .windowed_layers = 64},
};

CTXCOST_FAMILY(kExaoneMoe) = {
    .model_types = "exaone_moe",
    .architectures = "ExaoneMoeForCausalLM ExaoneMoEForCausalLM",
    .read = read_exaone_moe,
    .gguf = {.next_token_layers = true, .windows = true},
};

}  // namespace ctxcost::huggingface
