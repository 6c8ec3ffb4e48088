// Phi-1/2, Phi-3/4, Phi-3.5-MoE.
// [transformers configuration_phi.py, modeling_phi.py; configuration_phi3.py; configuration_phimoe.py,
// modeling_phimoe.py]
#include "ctxcost/model/positions.h"
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// Phi-4-mini rotates three quarters of a head.
void read_partial_rope(const Config& config, Model& model, std::uint32_t window, Count d_k) {
  read_rope(config, model, window);
  const std::string part = config.number("partial_rotary_factor");
  if (!part.empty()) model.positions.rotary_width = scaled_window(d_k, part);
}

void read_phi(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 51200, .d_model = 2048, .d_ff = 8192, .layers = 24, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = true;
  add_frame(model, decoder, kLayerNorm);
  if (!decoder.tied) add_tensor(model, Place::head, bias_of("output", decoder.vocab));
  // Attention and feed-forward run side by side after one norm.
  std::vector<Tensor> extras;
  append_norm(extras, "attn_norm", kLayerNorm, decoder.d_model);
  if (config.flag("qk_layernorm", false)) {
    append_norm(extras, "attn_q_norm", kLayerNorm, decoder.shape.d_k);
    append_norm(extras, "attn_k_norm", kLayerNorm, decoder.shape.d_k);
  }
  add_layers(model, decoder.layers,
             {{attention(kFullLayer, decoder.shape, 1)}, plain(decoder.d_ff, true), std::move(extras)});
  read_rope(config, model, 2048);
}

void read_phi3(const Config& config, Model& model) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 32064, .d_model = 3072, .d_ff = 8192, .layers = 32, .heads = 32});
  add_frame(model, decoder, kRmsNorm);
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", std::nullopt, 1), gated(decoder.d_ff),
                     pre_norms(kRmsNorm, decoder.d_model));
  read_partial_rope(config, model, 4096, decoder.shape.d_k);
}

void read_phimoe(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 32064, .d_model = 4096, .d_ff = 6400, .layers = 32, .heads = 32, .kv_heads = 8});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  Experts experts{};
  experts.count = config.count("num_local_experts", 16);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  add_frame(model, decoder, kLayerNorm);
  if (config.flag("lm_head_bias", false)) add_tensor(model, Place::head, bias_of("output", decoder.vocab));
  add_uniform_layers(config, model, decoder, config.nullable("sliding_window", std::nullopt, 1),
                     gated_experts(checked(config, experts)), pre_norms(kLayerNorm, decoder.d_model));
  read_partial_rope(config, model, 131072, decoder.shape.d_k);
}

// What its GGUF files say.

void read_phi2_gguf(gguf::Header& file) { set_decoder(file, "phi"); }

void read_phi3_gguf(gguf::Header& file) { plain_decoder(file, "phi3"); }

void read_phimoe_gguf(gguf::Header& file) {
  plain_decoder(file, "phimoe");
  set_experts(file, "num_local_experts");
  file.set_flag("lm_head_bias", file.tensor("output.bias") != nullptr);
}

}  // namespace

CTXCOST_FAMILY(kPhi) = {
    .model_types = "phi",
    .architectures = "PhiForCausalLM",
    .read = read_phi,
    .gguf_architectures = "phi2",
    .read_gguf = read_phi2_gguf,
};

CTXCOST_FAMILY(kPhi3) = {
    .model_types = "phi3 phi3_v phi4mm",
    .architectures = "Phi3ForCausalLM Phi3VForCausalLM Phi4MMForCausalLM",
    .read = read_phi3,
    .gguf_architectures = "phi3",
    .read_gguf = read_phi3_gguf,
    .gguf = {.fused_qkv = true, .fused_gate_up = true, .long_rope_tables = true},
    .modules = {.queries = FusedQueries::always, .fused_gate = true},
};

CTXCOST_FAMILY(kPhimoe) = {
    .model_types = "phimoe",
    .architectures = "PhiMoEForCausalLM PhimoeForCausalLM",
    .read = read_phimoe,
    .gguf_architectures = "phimoe",
    .read_gguf = read_phimoe_gguf,
    .gguf = {.long_rope_tables = true},
    .modules = {.part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
