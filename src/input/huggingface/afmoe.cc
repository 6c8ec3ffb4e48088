// AFMoE (Arcee Trinity): gated attention with windows in three of four layers, four norms a layer, and experts after
// the first dense layers. [transformers configuration_afmoe.py, modular_afmoe.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_afmoe(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 200192, .d_model = 2048, .d_ff = 6144, .layers = 32, .heads = 16, .d_k = 128});
  decoder.shape.qk_norm = QkNorm::head;
  decoder.shape.gate = true;
  const Count every = config.has("layer_types") ? Count{4} : config.count("global_attn_every_n_layers", 4);
  const std::vector<std::string_view> kinds = sliding_pattern(config, decoder.layers, every);
  const Count window = config.count("sliding_window", 1024);
  const Count dense_layers = config.count("num_dense_layers", 1, 0);
  Experts experts;
  experts.count = config.count({"num_experts", "n_routed_experts"}, 64);
  experts.active = config.count("num_experts_per_tok", 6);
  experts.d_ff = config.count("moe_intermediate_size", 1408);
  // One module of the width of all shared experts.
  experts.shared_d_ff = config.count({"num_shared_experts", "n_shared_experts"}, 2, 0) * experts.d_ff;
  // expert_bias, which balances them.
  experts.router_bias = true;
  experts = checked(config, experts);

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) { return std::pair<std::string_view, bool>(kinds[i], Count{i} >= dense_layers); },
      [&](const std::pair<std::string_view, bool>& variant) {
        const Count d = decoder.d_model;
        return Layer{{attention(variant.first, decoder.shape, window)},
                     variant.second ? gated_experts(experts) : gated(decoder.d_ff),
                     {vector_of("attn_norm", d), vector_of("post_attention_norm", d), vector_of("ffn_norm", d),
                      vector_of("post_ffw_norm", d)}};
      });
  read_rope(config, model, 16384);
}

}  // namespace

CTXCOST_FAMILY(kAfmoe) = {
    .model_types = "afmoe",
    .architectures = "AfmoeForCausalLM",
    .read = read_afmoe,
    .gguf = {.windows = true},
};

}  // namespace ctxcost::huggingface
