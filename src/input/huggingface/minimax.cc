// MiniMax-Text-01 and MiniMax-M1: lightning attention with full attention in between.
// [MiniMaxAI MiniMax-Text-01 modeling_minimax_text_01.py; transformers modular_minimax.py]
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// True for the layers with full attention.
std::vector<bool> full_layers(const Config& config, std::uint32_t layers, bool alternates_by_default) {
  std::vector<bool> full(layers);
  if (const auto listed = config.counts_per_layer({"attn_type_list", "decoder_attention_types"}, layers)) {
    for (std::uint32_t i = 0; i < layers; ++i) {
      if ((*listed)[i] > 1) {
        config.fault("attn_type_list",
                     "expected 0 (lightning) or 1 (full attention), found " + to_string((*listed)[i]));
      }
      full[i] = (*listed)[i] == 1;
    }
    return full;
  }
  if (!alternates_by_default && !config.has("layer_types")) {
    config.fault("attn_type_list", "expected a list with 0 (lightning) or 1 (full attention) a layer, found nothing");
    return full;
  }
  if (!config.has("layer_types")) config.took_default("layer_types", "alternating, full attention first");
  const std::vector<std::string_view> kinds = layer_kinds(
      config, layers, kFullAndLinear, [](std::uint32_t i) { return i % 2 == 0 ? kFullLayer : kLinearLayer; });
  for (std::uint32_t i = 0; i < layers; ++i) full[i] = kinds[i] == kFullLayer;
  return full;
}

void read_line(const Config& config, Model& model, bool alternates_by_default) {
  const Decoder decoder =
      read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  MixerShape lightning = decoder.shape;
  lightning.kv_heads = lightning.heads;
  const std::vector<bool> full = full_layers(config, decoder.layers, alternates_by_default);
  const Count block = config.has("block_size") ? config.count("block_size", 256) : Count{256};

  Experts experts;
  experts.count = config.count("num_local_experts", 8);
  experts.active = config.count("num_experts_per_tok", 2);
  experts.d_ff = decoder.d_ff;
  experts.shared_d_ff = config.nullable("shared_intermediate_size").value_or(0);
  experts.shared_gate = experts.shared_d_ff > 0;
  experts = checked(config, experts);

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return static_cast<bool>(full[i]); },
      [&](bool is_full) {
        return Layer{
            {is_full ? make_mixer("full", decoder.shape) : make_mixer("lightning", lightning, {{"block", block}})},
            gated_experts(experts),
            pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 131072);
}

void read_minimax_text_01(const Config& config, Model& model) { read_line(config, model, false); }
void read_minimax(const Config& config, Model& model) { read_line(config, model, true); }

}  // namespace

CTXCOST_FAMILY(kMinimax) = {
    .model_types = "minimax",
    .architectures = "MiniMaxForCausalLM",
    .read = read_minimax,
    .modules = {.queries = FusedQueries::sometimes, .part = "block_sparse_moe."},
};

CTXCOST_FAMILY(kMinimaxText01) = {
    .model_types = "minimax_text_01 minimax_m1",
    .architectures = "MiniMaxText01ForCausalLM MiniMaxM1ForCausalLM",
    .read = read_minimax_text_01,
    .modules = {.queries = FusedQueries::sometimes, .part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
