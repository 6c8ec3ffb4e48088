// EXAONE 3: Llama under other names. EXAONE 4: queries and keys normalised, norms after the blocks, alternating
// windows. [LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct configuration_exaone.py; transformers configuration_exaone4.py,
//  modeling_exaone4.py]
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

void read_exaone4(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 102400, .d_model = 4096, .d_ff = 16384, .layers = 32, .heads = 32, .kv_heads = 32});
  decoder.shape.qk_norm = QkNorm::head;
  const std::optional<Count> window = config.nullable("sliding_window", 4096, 1);
  // The pattern is a word, "LLLG", or a number, and means nothing beside layer_types or without a window.
  Count pattern = 1;
  if (window && !config.has("layer_types")) {
    const Config::Found found = config.find("sliding_window_pattern");
    if (found && found.value->is(JsonValue::Type::string)) {
      pattern = max(Count(found.value->text.size()), 1);
    } else if (!config.is_null("sliding_window_pattern")) {
      pattern = config.count("sliding_window_pattern", 4);
    }
  }
  add_frame(model, decoder, kRmsNorm);
  add_layers_of_kinds(config, model, decoder, sliding_pattern(config, decoder.layers, pattern), window,
                      gated(decoder.d_ff),
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

}  // namespace ctxcost::huggingface
