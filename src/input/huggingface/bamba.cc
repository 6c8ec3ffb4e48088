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

  Mamba2Form form;
  form.d_model = decoder.d_model;
  form.inner = config.count("mamba_expand", 2) * decoder.d_model;
  const Count heads = config.count("mamba_n_heads", 128);
  form.head_dim = config.has("mamba_d_head") && !is_auto(config, "mamba_d_head") ? config.count("mamba_d_head", 64)
                                                                                 : max(*form.inner / heads, 1);
  if (heads * form.head_dim != *form.inner) {
    config.fault("mamba_n_heads", "expected mamba_n_heads * mamba_d_head = mamba_expand * hidden_size (" +
                                      to_string(*form.inner) + "), found " + to_string(heads * form.head_dim));
  }
  form.state = config.count("mamba_d_state", 256);
  form.groups = config.count("mamba_n_groups", 1);
  form.conv = config.count("mamba_d_conv", 4);
  form.chunk = config.count("mamba_chunk_size", 256);
  form.conv_bias = config.flag("mamba_conv_bias", true);
  form.proj_bias = config.flag("mamba_proj_bias", false);

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
