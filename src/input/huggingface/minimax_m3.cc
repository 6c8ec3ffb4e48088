// MiniMax M3: full attention in the first layers, blocks that an indexer selects in the others.
// [transformers configuration_minimax_m3_vl.py, modeling_minimax_m3_vl.py; sglang models/minimax_m3.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

struct SelectedBlocks {
  std::vector<Count> layers;  ///< not 0: the layer selects
  MixerSettings settings;
};

SelectedBlocks read_selected_blocks(const Config& config, std::uint32_t layers) {
  SelectedBlocks blocks{std::vector<Count>(layers, 0), {}};
  const std::optional<Config> sparse = config.object("sparse_attention_config");
  if (!sparse || !sparse->flag("use_sparse_attention", true)) return blocks;
  constexpr std::string_view kKinds[] = {kFullLayer, "minimax_m3_sparse"};
  if (config.has("layer_types")) {
    const std::vector<std::string_view> kinds = read_layer_types(config, layers, kKinds);
    for (std::size_t i = 0; i < kinds.size(); ++i) blocks.layers[i] = kinds[i] == kKinds[1] ? 1 : 0;
  } else if (const auto listed = sparse->counts_per_layer("sparse_attention_freq", layers)) {
    blocks.layers = *listed;
  } else {
    sparse->fault("sparse_attention_freq", "expected a list of " + std::to_string(layers) + " flags, found nothing");
  }
  blocks.settings.set("index_heads", sparse->required("sparse_num_index_heads"));
  blocks.settings.set("index_dim", sparse->required("sparse_index_dim"));
  blocks.settings.set("block", sparse->required("sparse_block_size"));
  const Count top_k = sparse->required("sparse_topk_blocks");
  blocks.settings.set("top_k", top_k);
  // The first and the last blocks are ranked before all others, so that they take places among the top_k.
  const Count last = sparse->count("sparse_local_block", 1);
  if (sparse->count("sparse_init_block", 0, 0) + last > top_k) {
    sparse->fault("sparse_topk_blocks",
                  "expected at least sparse_init_block + sparse_local_block, found " + to_string(top_k));
  }
  if (const auto disabled = sparse->counts_per_layer("sparse_disable_index_value", layers)) {
    for (std::uint32_t i = 0; i < layers; ++i) {
      if (blocks.layers[i] == 0 || (*disabled)[i] != 0) continue;
      sparse->fault("sparse_disable_index_value",
                    "expected 1 for every layer that selects, found 0 for layer " + std::to_string(i),
                    "index heads with values of their own are not counted");
      break;
    }
  }
  return blocks;
}

void read_minimax_m3(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 200064, .d_model = 6144, .d_ff = 0, .layers = 60, .heads = 64, .kv_heads = 4, .d_k = 128});
  if (config.has("use_qk_norm") ? config.flag("use_qk_norm", true) : true) {
    const std::string norm = config.has("qk_norm_type") ? config.text("qk_norm_type", "per_head") : "per_head";
    if (norm != "per_head") config.fault("qk_norm_type", "expected \"per_head\", found \"" + norm + "\"");
    decoder.shape.qk_norm = QkNorm::head;
  }
  if (config.has("attention_output_gate") && config.flag("attention_output_gate", false)) {
    config.fault("attention_output_gate", "expected false, found true", "no published checkpoint has this gate");
  }
  Experts experts;
  experts.count = config.count("num_local_experts", 128);
  experts.active = config.count("num_experts_per_tok", 4);
  experts.d_ff = config.count("intermediate_size", 3072);
  experts.shared_d_ff = config.count("n_shared_experts", 1, 0) * config.count("shared_intermediate_size", 3072);
  experts.router_bias = config.flag("use_routing_bias", true);
  experts = checked(config, experts);
  const Count dense_d_ff = config.count("dense_intermediate_size", 12288);
  const std::vector<Count> with_experts =
      config.counts_per_layer("moe_layer_freq", decoder.layers).value_or(std::vector<Count>(decoder.layers, 1));
  const SelectedBlocks blocks = read_selected_blocks(config, decoder.layers);
  if (!config.findings().faults.empty()) return;

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) { return std::pair<bool, bool>(blocks.layers[i] != 0, with_experts[i] != 0); },
      [&](const std::pair<bool, bool>& variant) {
        return Layer{{variant.first ? make_mixer("indexed_blocks", decoder.shape, blocks.settings)
                                    : attention(kFullLayer, decoder.shape, 1)},
                     variant.second ? gated_experts(experts) : gated(dense_d_ff),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  const Keys prediction = {"num_nextn_predict_layers", "num_mtp_modules"};
  if (config.has(prediction) && config.nullable(prediction).value_or(0) > 0) {
    config.note("MiniMax M3: the checkpoint's prediction layers (mtp) are not counted: no published code builds them");
  }
  read_rope(config, model, 524288);
}

// What its GGUF files say. The layers with an indexer select, those with a router have experts.

void read_minimax_m3_gguf(gguf::Header& file) {
  set_frame(file, "minimax_m3");
  set_heads(file);
  file.set_flag("use_qk_norm", file.in_any_layer("attn_q_norm.weight"));
  std::vector<Count> selects, mixes;
  for (std::uint32_t i = 0; i < file.layers(); ++i) {
    selects.push_back(file.in_layer(i, "indexer.q_proj.weight") ? 1 : 0);
    mixes.push_back(file.in_layer(i, "ffn_gate_inp.weight") ? 1 : 0);
  }
  file.set_object("sparse_attention_config",
                  {.counts = {{"sparse_num_index_heads", file.required("attention.indexer.head_count")},
                              {"sparse_index_dim", file.required("attention.indexer.key_length")},
                              {"sparse_block_size", file.required("attention.indexer.block_size")},
                              {"sparse_topk_blocks", file.required("attention.indexer.top_k")},
                              {"sparse_local_block", file.required("attention.indexer.local_blocks")}},
                   .lists = {{"sparse_attention_freq", selects}}},
                  file.key("attention.indexer"));
  file.set_counts("moe_layer_freq", mixes, "ffn_gate_inp.weight");
  set_experts(file, "num_local_experts");
  file.need("intermediate_size", "expert_feed_forward_length");
  file.need("shared_intermediate_size", "expert_feed_forward_length");
  file.need("n_shared_experts", "expert_shared_count");
  file.set_flag("use_routing_bias", file.in_any_layer("exp_probs_b.bias"));
  // The dense layers' width is in their tensors alone.
  if (const auto dense = file.rows_in_layers("ffn_up.weight")) {
    file.set("dense_intermediate_size", *dense, "ffn_up.weight");
  }
}

}  // namespace

CTXCOST_FAMILY(kMinimaxM3) = {
    .model_types = "minimax_m3 minimax_m3_vl minimax_m3_vl_text",
    .architectures = "MiniMaxM3ForCausalLM MiniMaxM3SparseForCausalLM MiniMaxM3SparseForConditionalGeneration",
    .read = read_minimax_m3,
    .gguf_architectures = "minimax-m3",
    .read_gguf = read_minimax_m3_gguf,
    .modules = {.queries = FusedQueries::sometimes, .part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
