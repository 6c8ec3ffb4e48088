// MiniMax M2: full attention in every layer.
// [transformers configuration_minimax_m2.py, modeling_minimax_m2.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

void read_minimax_m2(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  // qk_norm_type per_layer: over all heads together.
  if (config.flag("use_qk_norm", true)) {
    decoder.shape.qk_norm = config.text("qk_norm_type", "per_layer") == "per_layer" ? QkNorm::full : QkNorm::head;
  }
  Experts experts{};
  experts.count = config.count("num_local_experts", 8);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  experts.router_bias = config.flag("use_routing_bias", true);
  experts.shared_d_ff = config.nullable("shared_intermediate_size").value_or(0);
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", std::nullopt, 1),
                     gated_experts(checked(config, experts)), pre_norms(kRmsNorm, decoder.d_model));
  read_rope(config, model, 131072);
}

// What its GGUF files say.

void read_minimax_m2_gguf(gguf::Header& file) {
  set_frame(file, "minimax_m2");
  set_heads(file);
  set_experts(file, "num_local_experts");
  file.need("intermediate_size",
            file.has("expert_feed_forward_length") ? "expert_feed_forward_length" : "feed_forward_length");
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
  file.set_text("qk_norm_type", "per_layer");
  file.set_flag("use_routing_bias", file.in_any_layer("exp_probs_b.bias"));
}

}  // namespace

CTXCOST_FAMILY(kMinimaxM2) = {
    .model_types = "minimax_m2",
    .architectures = "MiniMaxM2ForCausalLM",
    .read = read_minimax_m2,
    .gguf_architectures = "minimax-m2",
    .read_gguf = read_minimax_m2_gguf,
    .modules = {.queries = FusedQueries::sometimes, .part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
