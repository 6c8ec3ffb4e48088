// Bamba: Mamba-2 layers with full attention in those that a list names. [transformers configuration_bamba.py,
// modeling_bamba.py]
#include <algorithm>

#include "family.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

void read_bamba(const Config& config, Model& model) {
  Decoder decoder =
      read_decoder(config, {.vocab = 128000, .d_model = 4096, .d_ff = 14336, .layers = 32, .heads = 32, .kv_heads = 8});
  decoder.shape.qkv_bias = decoder.shape.output_bias =
      config.has("attention_bias") && config.flag("attention_bias", false);
  const bool mlp_bias = config.has("mlp_bias") && config.flag("mlp_bias", false);
  const std::vector<Count> attended = config.counts("attn_layer_indices").value_or(std::vector<Count>{});
  for (const Count index : attended) {
    if (index < decoder.layers) continue;
    config.fault("attn_layer_indices",
                 "expected layers below " + std::to_string(decoder.layers) + ", found " + to_string(index));
  }
  if (attended.empty()) config.took_default("attn_layer_indices", "none: Mamba in every layer");

  const Mamba2Form form = read_mamba2(config, decoder.d_model);

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) { return std::find(attended.begin(), attended.end(), Count{i}) != attended.end(); },
      [&](bool attends) {
        return Layer{{attends ? attention(kFullLayer, decoder.shape, 0) : mamba2(config, form)},
                     gated(decoder.d_ff, mlp_bias),
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 262144);
  // The class rotates half of a head, whatever the file says.
  model.positions.rotary_width = decoder.shape.d_k / 2;
}

}  // namespace

CTXCOST_FAMILY(kBamba) = {
    .model_types = "bamba",
    .architectures = "BambaForCausalLM",
    .read = read_bamba,
    .modules = {.part = "feed_forward."},
};

}  // namespace ctxcost::huggingface
