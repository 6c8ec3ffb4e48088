// GLM-4 and GLM-4.5.
// [transformers configuration_glm.py, configuration_glm4.py, configuration_glm4_moe.py and their modeling files]
#include "checkpoint.h"
#include "readers.h"

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

}  // namespace

void read_glm(const Config& config, Model& model) { read_dense_glm(config, model, false); }
void read_glm4(const Config& config, Model& model) { read_dense_glm(config, model, true); }

void read_glm4_moe(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 151552, .d_model = 4096, .d_ff = 10944, .layers = 46, .heads = 96, .kv_heads = 8});
  decoder.shape.qkv_bias = config.flag("attention_bias", false);  // never on the output
  if (config.flag("use_qk_norm", false)) decoder.shape.qk_norm = QkNorm::head;
  Experts experts{};
  experts.count = config.count({"n_routed_experts", "num_experts"}, 128);
  experts.active = config.count("num_experts_per_tok", 8);
  experts.d_ff = config.count("moe_intermediate_size", 1408);
  experts.shared_d_ff = experts.d_ff * config.count("n_shared_experts", 1, 0);
  experts.router_bias = true;  // e_score_correction_bias
  experts = checked(config, experts);
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

}  // namespace ctxcost::huggingface
