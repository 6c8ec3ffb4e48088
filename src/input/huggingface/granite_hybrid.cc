// Granite 4: Mamba-2 layers with some attention layers; experts beside an always-on feed-forward, or that one alone.
// [transformers configuration_granitemoehybrid.py, modular_granitemoehybrid.py]
#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

/// The last two are what later versions of the class call the first two.
constexpr std::string_view kGraniteKinds[] = {"mamba", "attention", kLinearLayer, kFullLayer};

void read_granite_hybrid(const Config& config, Model& model) {
  Decoder decoder = read_decoder(config, {.vocab = 32000, .d_model = 4096, .d_ff = 11008, .layers = 32, .heads = 32});
  decoder.shape.qkv_bias = decoder.shape.output_bias = config.flag("attention_bias", false);
  if (!config.has("layer_types")) config.took_default("layer_types", "mamba in every layer");
  const std::vector<std::string_view> kinds =
      layer_kinds(config, decoder.layers, kGraniteKinds, [](std::uint32_t) { return kGraniteKinds[0]; });
  const auto is_mamba = [&](std::uint32_t i) { return kinds[i] == "mamba" || kinds[i] == kLinearLayer; };

  // A file without Mamba layers need not describe them.
  bool any_mamba = false;
  for (std::uint32_t i = 0; i < decoder.layers; ++i) any_mamba = any_mamba || is_mamba(i);
  Mamba2Form form;
  if (any_mamba) form = read_mamba2(config, decoder.d_model);

  // intermediate_size is the width of a routed expert; without experts the shared feed-forward is the only one.
  const Count shared = config.count("shared_intermediate_size", 1024);
  Experts experts;
  experts.count = config.count("num_local_experts", 8, 0);
  FeedForward feed_forward = gated(shared);
  if (experts.count > 0) {
    experts.active = config.count("num_experts_per_tok", 2);
    experts.d_ff = decoder.d_ff;
    experts.shared_d_ff = shared;
    feed_forward = gated_experts(checked(config, experts));
  }

  add_frame(model, decoder, kRmsNorm);
  add_layers(model, decoder.layers, is_mamba, [&](bool mamba_layer) {
    return Layer{{mamba_layer ? mamba2(config, form) : attention(kFullLayer, decoder.shape, 0)},
                 feed_forward,
                 pre_norms(kRmsNorm, decoder.d_model)};
  });
  if (config.has("position_embedding_type") && config.text("position_embedding_type", "") == "rope") {
    read_rope(config, model, 2048);
  } else {
    set_positions(model, PositionEncoding::none, config.count("max_position_embeddings", 2048));
  }
}

// What its GGUF files say.

void read_granite_hybrid_gguf(gguf::Header& file) {
  set_frame(file, "granitemoehybrid");
  set_hybrid_heads(file);
  set_attention_bias(file);
  set_layer_types(file, "attn_q.weight", "attention", "mamba");
  if (file.in_any_layer("ssm_in.weight")) {
    set_hybrid_mamba(file);
    file.set("mamba_n_heads", state_heads(file), file.key("ssm.time_step_rank"));
    file.need("mamba_n_groups", "ssm.group_count");
  }
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  file.need("intermediate_size", "feed_forward_length");
  file.need("shared_intermediate_size", mixture ? "expert_shared_feed_forward_length" : "feed_forward_length");
  if (mixture) {
    set_experts(file, "num_local_experts");
  } else {
    file.set("num_local_experts", 0);
  }
  const bool rope = file.count("rope.dimension_count").value_or(0) > 0 && !file.in_any_layer("ssm_in.weight");
  file.set_text("position_embedding_type", rope ? "rope" : "nope");
}

}  // namespace

CTXCOST_FAMILY(kGraniteHybrid) = {
    .model_types = "granitemoehybrid",
    .architectures = "GraniteMoeHybridForCausalLM",
    .read = read_granite_hybrid,
    .gguf_architectures = "granitehybrid",
    .read_gguf = read_granite_hybrid_gguf,
    .modules = {.part = "block_sparse_moe."},
};

}  // namespace ctxcost::huggingface
