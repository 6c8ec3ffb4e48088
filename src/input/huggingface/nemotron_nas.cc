// Nemotron 49B, 51B and 253B, found by a search over blocks: each layer of a Llama has its own KV heads and its own
// feed-forward, or lacks one of the two. [nvidia/Llama-3_3-Nemotron-Super-49B-v1 block_config.py, modeling_decilm.py]
#include "ctxcost/model/positions.h"
#include "family.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

/// One of the two halves of a block.
enum class Half { absent, square, whole };

struct NasBlock {
  Half attention = Half::whole;
  Count kv_heads;
  std::optional<Count> window;
  Half feed_forward = Half::whole;
  Count d_ff;

  friend bool operator==(const NasBlock&, const NasBlock&) = default;
};

/// The reference prunes a weight by `sparsify` and keeps its shape, so that it does not matter here.
Half read_half(const Config& part) {
  if (part.flag("no_op", false)) return Half::absent;
  return part.flag("replace_with_linear", false) ? Half::square : Half::whole;
}

void read_nas_attention(const Config& part, Count heads, NasBlock& block) {
  block.attention = read_half(part);
  if (block.attention != Half::whole) return;
  const Count group = part.required("n_heads_in_group");
  if (heads % group != 0) {
    part.fault("n_heads_in_group",
               "expected a divisor of num_attention_heads (" + to_string(heads) + "), found " + to_string(group));
  }
  block.kv_heads = max(heads / group, 1);
  block.window = part.nullable("window_length", std::nullopt, 1);
  if (part.nullable("num_sink_tokens").value_or(0) > 0) {
    part.fault("num_sink_tokens", "expected null: what a cache with sinks keeps is not published for this family");
  }
}

void read_nas_feed_forward(const Config& part, Count d_model, NasBlock& block) {
  block.feed_forward = read_half(part);
  if (block.feed_forward != Half::whole) return;
  if (part.has("intermediate_size")) {  // the later form of the files
    block.d_ff = part.count("intermediate_size", 1);
    return;
  }
  const std::string written = part.number("ffn_mult");
  const std::optional<Count> doubled = written.empty() ? std::nullopt : scaled_window(2 * d_model, written);
  if (!doubled) {
    part.fault("ffn_mult", "expected a number above 0, found " + (written.empty() ? "nothing" : written));
    block.d_ff = 1;
    return;
  }
  // Two thirds of it, since a gated feed-forward has three matrices, in whole 256.
  block.d_ff = ceil_div(*doubled / 3, 256) * 256;
}

void read_nemotron_nas(const Config& config, Model& model) {
  const Decoder decoder = [&config] {
    Decoder read = read_decoder_without_ff(
        config, {.vocab = 128256, .d_model = 4096, .d_ff = 0, .layers = 32, .heads = 32, .kv_heads = 0});
    read.shape.qkv_bias = read.shape.output_bias = config.flag("attention_bias", false);
    return read;
  }();
  const Count d = decoder.d_model;
  const bool mlp_bias = config.flag("mlp_bias", false);

  const Config::Found list = config.find("block_configs");
  const bool whole = list && list.value->is(JsonValue::Type::array);
  if (!whole || list.value->items.size() != decoder.layers) {
    config.fault("block_configs", "expected a list of " + std::to_string(decoder.layers) + " blocks, found " +
                                      (whole ? std::to_string(list.value->items.size()) : std::string("none")));
    return;
  }
  std::vector<NasBlock> blocks(decoder.layers);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Config block(list.value->items[i], child_pointer(list.place(), i), config.findings());
    const std::optional<Config> attention_part = block.object("attention");
    const std::optional<Config> feed_forward_part = block.object("ffn");
    if (!attention_part) block.fault("attention", "expected an object, found nothing");
    if (!feed_forward_part) block.fault("ffn", "expected an object, found nothing");
    if (!attention_part || !feed_forward_part) return;
    read_nas_attention(*attention_part, decoder.shape.heads, blocks[i]);
    read_nas_feed_forward(*feed_forward_part, d, blocks[i]);
  }

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers, [&](std::uint32_t i) { return blocks[i]; },
      [&](const NasBlock& block) {
        Layer layer;
        // A half that is left out takes its norm along.
        if (block.attention != Half::absent) append_norm(layer.extras, "attn_norm", kRmsNorm, d);
        if (block.feed_forward != Half::absent) append_norm(layer.extras, "ffn_norm", kRmsNorm, d);
        if (block.attention == Half::whole) {
          MixerShape shape = decoder.shape;
          shape.kv_heads = block.kv_heads;
          layer.mixers.push_back(attention(block.window ? kSlidingLayer : kFullLayer, shape, block.window.value_or(1)));
        } else if (block.attention == Half::square) {
          layer.extras.push_back(linear("attn_output", d, d));
          if (decoder.shape.output_bias) layer.extras.push_back(bias_of("attn_output", d));
        }
        if (block.feed_forward == Half::whole) {
          layer.feed_forward = gated(block.d_ff, mlp_bias);
        } else if (block.feed_forward == Half::square) {
          layer.extras.push_back(linear("ffn_down", d, d));
          if (mlp_bias) layer.extras.push_back(bias_of("ffn_down", d));
        }
        return layer;
      });
  read_rope(config, model, 2048);
}

}  // namespace

CTXCOST_FAMILY(kNemotronNas) = {
    .model_types = "nemotron-nas",
    .architectures = "DeciLMForCausalLM",
    .read = read_nemotron_nas,
};

}  // namespace ctxcost::huggingface
