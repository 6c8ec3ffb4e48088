// Zamba2: Mamba-2 in every layer, and before some of them one of a few transformer blocks that those layers take in
// turn. A block is stored once; each use has its own low-rank adapters and its own projection.
// [transformers configuration_zamba2.py, modular_zamba2.py, modeling_zamba.py ZambaAttention]
#include "family.h"
#include "parts.h"
#include "state_space.h"

namespace ctxcost::huggingface {
namespace {

constexpr std::string_view kZambaKinds[] = {"mamba", "hybrid"};

/// The class default of layers_block_type for 54 layers.
bool is_default_hybrid(std::uint32_t layer) {
  return (layer >= 6 && layer <= 42 && layer % 6 == 0) || layer == 47 || layer == 51;
}

enum class ZambaLayer { mamba, first_use, later_use };

void read_zamba2(const Config& config, Model& model) {
  Decoder decoder = read_decoder_without_ff(
      config, {.vocab = 32000, .d_model = 2560, .d_ff = 0, .layers = 54, .heads = 32, .tied = true});
  const Count d = decoder.d_model;
  decoder.d_ff = config.nullable("intermediate_size", std::nullopt, 1).value_or(4 * d);
  const Count blocks = config.count("num_mem_blocks", 1);
  const Count rank = config.count("adapter_rank", 128);
  const bool attention_adapters = config.flag("use_shared_attention_adapter", false);
  const bool bias = config.flag("add_bias_linear", false);

  std::vector<std::string_view> kinds;
  kinds.reserve(decoder.layers);
  if (const auto listed = config.texts_per_layer("layers_block_type", decoder.layers)) {
    for (const std::string& word : *listed) {
      if (word != kZambaKinds[0] && word != kZambaKinds[1]) {
        config.fault("layers_block_type", "unknown layer kind \"" + word + "\"; expected \"mamba\" or \"hybrid\"");
      }
      kinds.push_back(word == kZambaKinds[1] ? kZambaKinds[1] : kZambaKinds[0]);
    }
  } else if (decoder.layers == 54) {
    config.took_default("layers_block_type", "that of 54 layers");
    for (std::uint32_t i = 0; i < decoder.layers; ++i) kinds.push_back(kZambaKinds[is_default_hybrid(i) ? 1 : 0]);
  } else {
    config.fault("layers_block_type", "expected one kind a layer (" + std::to_string(decoder.layers) +
                                          "), found nothing: the class default has 54");
  }
  // The layers take the blocks in turn; the first that takes one stores it.
  kinds.resize(decoder.layers, kZambaKinds[0]);
  std::vector<ZambaLayer> layers;
  layers.reserve(kinds.size());
  Count uses;
  for (const std::string_view kind : kinds) {
    if (kind == kZambaKinds[0]) {
      layers.push_back(ZambaLayer::mamba);
    } else {
      layers.push_back(uses < blocks ? ZambaLayer::first_use : ZambaLayer::later_use);
      uses += 1;
    }
  }

  // Attention sees the residual beside the embedding, at twice the width.
  MixerShape wide =
      make_shape(config, d, decoder.shape.heads, decoder.shape.kv_heads, max(2 * d / decoder.shape.heads, 1));
  wide.input_width = 2 * d;
  if (2 * d % decoder.shape.heads != 0) {
    config.fault("num_attention_heads", "expected a divisor of 2 hidden_size (" + to_string(2 * d) + "), found " +
                                            to_string(decoder.shape.heads));
  }

  Mamba2Form form;
  form.d_model = d;
  form.inner = config.count("mamba_expand", 2) * d;
  const Count heads = config.count("n_mamba_heads", 8);
  form.head_dim = max(*form.inner / heads, 1);
  if (heads * form.head_dim != *form.inner) {
    config.fault("n_mamba_heads", "expected a divisor of mamba_expand * hidden_size (" + to_string(*form.inner) +
                                      "), found " + to_string(heads));
  }
  form.state = config.count("mamba_d_state", 64);
  form.groups = config.count("mamba_ngroups", 1);
  form.groups_key = "mamba_ngroups";
  form.conv = config.count("mamba_d_conv", 4);
  form.chunk = config.count("chunk_size", 256);
  form.proj_bias = bias;

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return layers[i]; },
      [&](ZambaLayer kind) {
        Layer layer;
        if (kind == ZambaLayer::mamba) {
          layer.mixers = {mamba2(config, form)};
          layer.extras = {vector_of("ssm_in_norm", d)};
          return layer;
        }
        const bool stored = kind == ZambaLayer::first_use;
        MixerShape shape = wide;
        shape.shares_weights = !stored;
        layer.mixers = {make_mixer("full", shape), mamba2(config, form)};
        layer.feed_forward = gated(decoder.d_ff, bias);
        layer.feed_forward.shares_weights = !stored;
        layer.extras = {vector_of("attn_norm", 2 * d), vector_of("ffn_norm", d)};
        for (Tensor& norm : layer.extras) norm.stored = stored;
        layer.extras.push_back(vector_of("ssm_in_norm", d));
        const auto adapter = [&](std::string_view down, std::string_view up, Count inputs, Count outputs) {
          layer.extras.push_back(linear(down, inputs, rank));
          layer.extras.push_back(linear(up, rank, outputs));
        };
        if (attention_adapters) {
          adapter("attn_q_adapter_a", "attn_q_adapter_b", 2 * d, 2 * d);
          adapter("attn_k_adapter_a", "attn_k_adapter_b", 2 * d, 2 * d);
          adapter("attn_v_adapter_a", "attn_v_adapter_b", 2 * d, 2 * d);
        }
        adapter("ffn_up_adapter_a", "ffn_up_adapter_b", d, 2 * decoder.d_ff);
        layer.extras.push_back(linear("block_output", d, d));
        return layer;
      });
  if (uses > blocks) {
    config.note(to_string(uses) + " layers take " + to_string(blocks) +
                " transformer blocks in turn: each block is counted once as weights, and its work at every use");
  }
  const bool long_context = config.has("use_long_context") && config.flag("use_long_context", false);
  const Count window = long_context ? Count{16384} : config.count("max_position_embeddings", 4096);
  set_positions(model, config.flag("use_mem_rope", false) ? PositionEncoding::rope : PositionEncoding::none, window);
}

}  // namespace

CTXCOST_FAMILY(kZamba2) = {
    .model_types = "zamba2",
    .architectures = "Zamba2ForCausalLM",
    .read = read_zamba2,
};

}  // namespace ctxcost::huggingface
