// ERNIE 4.5, dense and with experts.
// [transformers configuration_ernie4_5.py, configuration_ernie4_5_moe.py, modeling_ernie4_5_moe.py]
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

}  // namespace

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
