// ERNIE 4.5, dense, with experts, and with experts of their own for the tokens of images.
// [transformers configuration_ernie4_5.py, configuration_ernie4_5_moe.py, modeling_ernie4_5_moe.py;
//  baidu/ERNIE-4.5-VL-28B-A3B-PT configuration_ernie4_5_vl.py, modeling_ernie4_5_vl.py]
#include <algorithm>

#include "checkpoint.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_ernie4_5(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 103424,
                                          .d_model = 1024,
                                          .d_ff = 3072,
                                          .layers = 18,
                                          .heads = 16,
                                          .kv_heads = 2,
                                          .d_k = 128,
                                          .tied = true});
  const bool bias = config.flag("use_bias", false);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff, bias),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 131072);
}

void read_ernie4_5_moe(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config,
      {.vocab = 103424, .d_model = 2560, .d_ff = 12288, .layers = 28, .heads = 20, .kv_heads = 4, .tied = true});
  const bool bias = config.flag("use_bias", false);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
  Experts experts{};
  experts.count = config.count("moe_num_experts", 64);
  experts.active = config.count("moe_k", 6);
  experts.d_ff = config.count("moe_intermediate_size", 1536);
  experts.shared_d_ff = experts.d_ff * config.nullable("moe_num_shared_experts", Count{2}).value_or(0);
  experts.router_bias = true;  // e_score_correction_bias
  experts = checked(config, experts);
  const Count first = config.count("moe_layer_start_index", 1, 0);
  // -1 is the last layer.
  const Config::Found end = config.find("moe_layer_end_index");
  const bool to_the_end = !end || (end.value->is(JsonValue::Type::integer) && end.value->text.starts_with('-'));
  const Count last = to_the_end ? Count{decoder.layers} : config.count("moe_layer_end_index", decoder.layers, 0);
  const Count interval = config.count("moe_layer_interval", 1);
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) { return (Count(i) + 1) % interval == 0 && Count(i) >= first && Count(i) <= last; },
      [&](bool sparse) {
        return Layer{{attention(kFullLayer, decoder.shape, 1)},
                     sparse ? gated_experts(experts, bias) : gated(decoder.d_ff, bias),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  PredictionLayers prediction;  // their layer has no experts
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = {
      {attention(kFullLayer, decoder.shape, 1)}, gated(decoder.d_ff, bias), pre_norms(kRmsNorm, decoder.d_model)};
  prediction.final_norm = false;
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; embedding and head are the model's");
  read_rope(config, model, 131072);
}

/// One value for both kinds of tokens, or two: of text, and of images.
std::pair<Count, Count> text_and_vision(const Config& config, const Keys& key, std::pair<Count, Count> class_default,
                                        std::uint32_t minimum) {
  const Config::Found found = config.find(key);
  if (!found || found.value->is(JsonValue::Type::null)) {
    config.took_default(key.name(), to_string(class_default.first) + " and " + to_string(class_default.second));
    return class_default;
  }
  if (!found.value->is(JsonValue::Type::array)) {
    const Count both = config.count(key, 1, minimum);
    return {both, both};
  }
  const std::vector<Count> list = config.counts(key).value_or(std::vector<Count>{});
  if (list.size() != 2 || list[0] < minimum || list[1] < minimum) {
    config.fault(key, "expected an integer, or one for text and one for images");
    return class_default;
  }
  return {list[0], list[1]};
}

void read_ernie4_5_vl(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config,
      {.vocab = 103424, .d_model = 2560, .d_ff = 12288, .layers = 28, .heads = 20, .kv_heads = 4, .tied = true});
  const bool bias = config.flag("use_bias", false);
  decoder.shape.qkv_bias = decoder.shape.output_bias = bias;
  const auto [text_count, vision_count] = text_and_vision(config, "moe_num_experts", {64, 64}, 1);
  const auto [text_width, vision_width] = text_and_vision(config, "moe_intermediate_size", {1536, 512}, 1);
  Experts experts{};
  experts.count = text_count;
  experts.active = config.count("moe_k", 6);
  experts.d_ff = text_width;
  // Those that are always on are as wide as the text's.
  experts.shared_d_ff = experts.d_ff * config.nullable("moe_num_shared_experts", Count{2}).value_or(0);
  experts.router_bias = true;  // e_score_correction_bias
  experts = checked(config, experts);

  std::vector<bool> sparse(decoder.layers);
  if (std::optional<std::vector<bool>> listed = read_expert_layers(config, decoder.layers)) {
    sparse = *std::move(listed);
  } else {
    const Count last = decoder.layers - 1;
    const auto first = text_and_vision(config, "moe_layer_start_index", {1, 1}, 0);
    const auto end = text_and_vision(config, "moe_layer_end_index", {last, last}, 0);
    if (first.first != first.second || min(end.first, last) != min(end.second, last)) {
      config.fault("moe_layer_start_index", "expected the same layers of experts for text and for images");
    }
    const Count interval = config.count("moe_layer_interval", 1);
    for (std::uint32_t i = 0; i < decoder.layers; ++i) {
      sparse[i] = (Count{i} + 1) % interval == 0 && Count{i} >= first.first && Count{i} <= end.first;
    }
  }
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return bool{sparse[i]}; },
      [&](bool with_experts) {
        return Layer{{attention(kFullLayer, decoder.shape, 1)},
                     with_experts ? gated_experts(experts, bias) : gated(decoder.d_ff, bias),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  // A router, its bias, and gated experts.
  const Count each = 3 * decoder.d_model * vision_width + (bias ? 2 * vision_width + decoder.d_model : Count{});
  const Count layer = vision_count * (each + decoder.d_model + 1);
  add_part(model, "experts for the tokens of images", Count(std::count(sparse.begin(), sparse.end(), true)) * layer,
           "the second of moe_num_experts and of moe_intermediate_size; a token of text uses none of them");
  if (!config.has("vision_config")) config.note("the vision tower is not counted");
  config.note("the resampler between vision tower and language model is not counted");
  read_rope(config, model, 131072);
}

}  // namespace

CTXCOST_FAMILY(kErnie45Vl) = {
    .model_types = "ernie4_5_moe_vl ernie4_5_vl_moe ernie4_5_vl_moe_text",
    .architectures = "Ernie4_5_VLMoeForConditionalGeneration",
    .read = read_ernie4_5_vl,
};

CTXCOST_FAMILY(kErnie45) = {
    .model_types = "ernie4_5",
    .architectures = "Ernie4_5ForCausalLM Ernie4_5_ForCausalLM",
    .read = read_ernie4_5,
};

CTXCOST_FAMILY(kErnie45Moe) = {
    .model_types = "ernie4_5_moe",
    .architectures = "Ernie4_5_MoeForCausalLM",
    .read = read_ernie4_5_moe,
};

}  // namespace ctxcost::huggingface
