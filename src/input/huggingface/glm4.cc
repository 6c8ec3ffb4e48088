// GLM-4 and GLM-4.5; Solar Open, whose layers all have GLM-4.5's experts.
// [transformers configuration_glm.py, configuration_glm4.py, configuration_glm4_moe.py and their modeling files,
//  modular_solar_open.py]
#include "checkpoint.h"
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_dense_glm(const Config& config, Model& model, bool post_norms) {
  Decoder decoder = read_decoder(
      config, {.vocab = 151552, .d_model = 4096, .d_ff = 13696, .layers = 40, .heads = 32, .kv_heads = 2, .d_k = 128});
  decoder.shape.qkv_bias = config.flag("attention_bias", true);  // never on the output
  std::vector<Tensor> norms = pre_norms(kRmsNorm, decoder.d_model);
  if (post_norms) {
    append_norm(norms, "post_attention_norm", kRmsNorm, decoder.d_model);
    append_norm(norms, "post_ffw_norm", kRmsNorm, decoder.d_model);
  }
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, std::nullopt, gated(decoder.d_ff), norms);
  read_rope(config, model, 131072);
}

void read_glm(const Config& config, Model& model) { read_dense_glm(config, model, false); }
void read_glm4(const Config& config, Model& model) { read_dense_glm(config, model, true); }

/// The experts of GLM-4.5, which families differ in by their width.
Experts read_glm_experts(const Config& config, std::uint32_t d_ff) {
  Experts experts;
  experts.count = config.count({"n_routed_experts", "num_experts"}, 128);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", d_ff);
  experts.shared_d_ff = experts.d_ff * config.count("n_shared_experts", 1, 0);
  experts.router_bias = true;  // e_score_correction_bias
  return checked(config, experts);
}

void read_glm4_moe(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 151552, .d_model = 4096, .d_ff = 10944, .layers = 46, .heads = 96, .kv_heads = 8});
  decoder.shape.qkv_bias = config.flag("attention_bias", false);  // never on the output
  if (config.flag("use_qk_norm", false)) decoder.shape.qk_norm = QkNorm::head;
  const Experts experts = read_glm_experts(config, 1408);
  const Count dense = config.count("first_k_dense_replace", 1, 0);
  const auto sparse_layer = [&] {
    return Layer{
        {attention(kFullLayer, decoder.shape, 1)}, gated_experts(experts), pre_norms(kRmsNorm, decoder.d_model)};
  };
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return Count(i) < dense; },
      [&](bool is_dense) {
        Layer layer = sparse_layer();
        if (is_dense) layer.feed_forward = gated(decoder.d_ff);
        return layer;
      });
  read_rope(config, model, 131072);
  PredictionLayers prediction;
  prediction.count = config.nullable("num_nextn_predict_layers").value_or(0);
  prediction.layer = sparse_layer();
  prediction.own_embedding = true;
  add_prediction_layers(config, model, prediction, "num_nextn_predict_layers");
}

void read_solar_open(const Config& config, Model& model) {
  const DecoderDefaults defaults = {
      .vocab = 196608, .d_model = 4096, .d_ff = 0, .layers = 48, .heads = 64, .kv_heads = 8, .d_k = 128};
  Decoder decoder = read_decoder_without_ff(config, defaults);
  decoder.shape.qkv_bias = config.flag("attention_bias", false);  // never on the output
  const Experts experts = read_glm_experts(config, 1280);
  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      Layer{{attention(kFullLayer, decoder.shape, 1)}, gated_experts(experts), pre_norms(kRmsNorm, decoder.d_model)});
  read_rope(config, model, 131072);
}

// What its GGUF files say.

void read_glm4_gguf(gguf::Header& file) { plain_decoder(file, "glm4"); }

void read_glm4_moe_gguf(gguf::Header& file) {
  const Count predicting = file.count("nextn_predict_layers").value_or(0);
  file.drop_layers(predicting);
  set_decoder(file, "glm4_moe");
  set_attention_bias(file);
  set_late_experts(file);
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
  file.set("num_nextn_predict_layers", predicting);
}

}  // namespace

CTXCOST_FAMILY(kGlm) = {
    .model_types = "glm",
    .architectures = "GlmForCausalLM",
    .read = read_glm,
    .modules = {.fused_gate = true},
};

CTXCOST_FAMILY(kGlm4) = {
    .model_types = "glm4 glm4v glm4v_text",
    .architectures = "Glm4ForCausalLM Glm4vForConditionalGeneration",
    .read = read_glm4,
    .gguf_architectures = "glm4",
    .read_gguf = read_glm4_gguf,
    .gguf = {.fused_gate_up = true},
    .modules = {.fused_gate = true},
};

CTXCOST_FAMILY(kGlm4Moe) = {
    .model_types = "glm4_moe glm4v_moe glm4v_moe_text",
    .architectures = "Glm4MoeForCausalLM Glm4vMoeForConditionalGeneration",
    .read = read_glm4_moe,
    .gguf_architectures = "glm4moe",
    .read_gguf = read_glm4_moe_gguf,
    .gguf = {.next_token_layers = true},
};

CTXCOST_FAMILY(kSolarOpen) = {
    .model_types = "solar_open",
    .architectures = "SolarOpenForCausalLM",
    .read = read_solar_open,
};

}  // namespace ctxcost::huggingface
