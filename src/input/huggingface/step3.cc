// Step-3.5 and 3.7 Flash: sliding layers with more heads than the full ones, a gate for each head, experts after the
// first layers. [vllm models/step3p5.py, step3p5_mtp.py, transformers_utils/configs/step3p5.py]
#include "checkpoint.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// The layers' kinds: `layer_types` names those of the prediction layers after them.
struct StepKinds {
  std::vector<bool> slides;
  bool prediction_slides = true;
};

StepKinds read_step_kinds(const Config& config, std::uint32_t layers, Count prediction_layers) {
  StepKinds kinds;
  kinds.slides.resize(layers);
  const std::optional<std::vector<std::string>> listed = config.texts("layer_types");
  if (!listed) {  // every other layer, from the first [Step3p5Attention]
    config.took_default("layer_types", "every other layer slides");
    for (std::uint32_t i = 0; i < layers; ++i) kinds.slides[i] = i % 2 == 0;
    return kinds;
  }
  const bool with_prediction = prediction_layers > 0 && Count{listed->size()} == Count{layers} + prediction_layers;
  if (listed->size() != layers && !with_prediction) {
    config.fault("layer_types", "expected " + std::to_string(layers) +
                                    " kinds, or so many more as num_nextn_predict_layers says, found " +
                                    std::to_string(listed->size()));
    return kinds;
  }
  const std::string place = config.find("layer_types").place();
  for (std::size_t i = 0; i < listed->size(); ++i) {
    const bool slides = (*listed)[i] == kSlidingLayer;
    if (!slides && (*listed)[i] != kFullLayer) {
      config.findings().faults.push_back({config.findings().source, child_pointer(place, i),
                                          "unknown layer kind \"" + (*listed)[i] + "\"",
                                          "expected full_attention or sliding_attention"});
    }
    if (i < layers) {
      kinds.slides[i] = slides;
    } else {
      kinds.prediction_slides = slides;
    }
  }
  return kinds;
}

/// True for the layers of experts: `moe_layers_enum` is a text of indices, "3,4,5".
std::vector<bool> step_expert_layers(const Config& config, std::uint32_t layers) {
  std::vector<bool> sparse(layers);
  if (!config.has("moe_layers_enum")) {
    const Count first = config.count("first_k_dense_replace", 1, 0);
    for (std::uint32_t i = 0; i < layers; ++i) sparse[i] = Count{i} >= first;
    return sparse;
  }
  const std::string text = config.text("moe_layers_enum", "");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view word = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    const std::optional<Count> index = parse_digits(word);
    if (!index || *index >= Count{layers}) {
      config.fault("moe_layers_enum",
                   "expected layers below " + std::to_string(layers) + ", found \"" + std::string(word) + "\"");
      return sparse;
    }
    sparse[index->u64()] = true;
  }
  return sparse;
}

void read_step35(const Config& config, Model& model) {
  // The class calls KV heads attention groups.
  Decoder decoder = [&config] {
    const DecoderDefaults defaults = {
        .vocab = 128815, .d_model = 4096, .d_ff = 11264, .layers = 45, .heads = 64, .d_k = 128};
    Decoder read = read_decoder(config, defaults);
    const Keys groups = {"num_attention_groups", "num_key_value_heads"};
    const Count kv_heads = config.count(groups, 8);
    const Count d_k = read.shape.d_k;
    read.shape = make_shape(config, read.d_model, read.shape.heads, kv_heads, d_k);
    read.shape.qkv_bias = config.flag("attention_bias", false);
    read.shape.qk_norm = QkNorm::head;
    return read;
  }();
  MixerShape local = decoder.shape;
  if (const std::optional<Config> other = config.object("attention_other_setting")) {
    const std::string kind = other->text("attention_type", kSlidingLayer);
    if (kind != kSlidingLayer) {
      other->fault("attention_type", "expected \"sliding_attention\", found \"" + kind + "\"");
    }
    local = make_shape(*other, decoder.d_model, other->count("num_attention_heads", 96),
                       other->count("num_attention_groups", 8), other->count("head_dim", 128));
    local.qkv_bias = decoder.shape.qkv_bias;
    local.qk_norm = decoder.shape.qk_norm;
  }
  const Count window = config.count("sliding_window", 512);
  const bool gates = config.flag("use_head_wise_attn_gate", false);
  const Count prediction_layers = config.nullable("num_nextn_predict_layers").value_or(0);
  const StepKinds kinds = read_step_kinds(config, decoder.layers, prediction_layers);

  Experts experts;
  experts.count = config.count({"moe_num_experts", "num_experts"}, 288);
  experts.active = config.count({"moe_top_k", "num_experts_per_tok"}, 8);
  experts.d_ff = config.count("moe_intermediate_size", 1280);
  experts.shared_d_ff = config.count("share_expert_dim", 1280, 0);
  experts.router_bias = config.flag("use_moe_router_bias", true);
  experts = checked(config, experts);
  const std::vector<bool> sparse = step_expert_layers(config, decoder.layers);

  const auto layer = [&](bool slides, bool with_experts) {
    const MixerShape& shape = slides ? local : decoder.shape;
    std::vector<Tensor> extras = pre_norms(kRmsNorm, decoder.d_model);
    if (gates) extras.push_back(linear("attn_gate", decoder.d_model, shape.heads));
    return Layer{{attention(slides ? kSlidingLayer : kFullLayer, shape, window)},
                 with_experts ? gated_experts(experts) : gated(decoder.d_ff),
                 std::move(extras)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return std::pair<bool, bool>(kinds.slides[i], sparse[i]); },
      [&](const std::pair<bool, bool>& variant) { return layer(variant.first, variant.second); });

  PredictionLayers prediction;
  prediction.count = prediction_layers;
  prediction.layer = layer(kinds.prediction_slides, false);
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers; the embedding is the model's");
  if (prediction_layers > 0) {
    add_part(model, "heads of the multi-token prediction layers", prediction_layers * decoder.vocab * decoder.d_model,
             "num_nextn_predict_layers, each with its own head");
  }
  read_rope(config, model, 262144);
}

}  // namespace

CTXCOST_FAMILY(kStep35) = {
    .model_types = "step3p5 step3p7",
    .architectures = "Step3p5ForCausalLM Step3p7FlashForCausalLM",
    .read = read_step35,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
