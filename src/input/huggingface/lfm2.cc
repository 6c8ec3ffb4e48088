// LFM2: gated short convolutions with attention in between, dense or with experts.
// [transformers configuration_lfm2.py, modeling_lfm2.py, configuration_lfm2_moe.py, modeling_lfm2_moe.py]
#include <algorithm>

#include "family.h"
#include "input/gguf/header.h"
#include "parts.h"

namespace ctxcost::huggingface {
namespace {

constexpr std::string_view kConvolution = "conv";
constexpr std::string_view kLfm2Kinds[] = {kFullLayer, kConvolution};

/// Two thirds of the written width, times a multiplier, rounded up to a multiple [Lfm2MLP]. Without a multiplier (null)
/// the class rounds nothing; where the file leaves it out it is 1.
Count adjusted_width(const Config& config, Count written) {
  if (!config.flag("block_auto_adjust_ff_dim", true)) return written;
  Count width = 2 * written / 3;
  if (config.is_null("block_ffn_dim_multiplier")) return max(width, 1);
  const std::string multiplier = config.number("block_ffn_dim_multiplier");
  if (!multiplier.empty()) {
    // A decimal fraction, applied exactly and rounded down as the class does.
    const std::size_t point = multiplier.find('.');
    const std::string whole = multiplier.substr(0, point);
    const std::string fraction = point == std::string::npos ? "" : multiplier.substr(point + 1);
    const std::optional<Count> digits = parse_digits(whole + fraction);
    if (!digits || fraction.size() > 12) {
      config.fault("block_ffn_dim_multiplier", "expected a decimal number, found " + multiplier);
      return width;
    }
    Count scale = 1;
    for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
    width = width * *digits / scale;
  }
  return round_up(max(width, 1), config.count("block_multiple_of", 256));
}

void read_line(const Config& config, Model& model, Decoder decoder, FeedForward dense,
               std::optional<FeedForward> sparse, Count dense_layers) {
  decoder.tied = config.flag({"tie_embedding", "tie_word_embeddings"}, true);
  decoder.shape.qk_norm = QkNorm::head;
  const Count kernel = config.count("conv_L_cache", 3);
  const bool bias = config.flag("conv_bias", false);

  std::vector<Count> full;
  if (!config.has("layer_types")) {
    const std::optional<std::vector<Count>> listed = config.counts("full_attn_idxs");
    if (listed) {
      full = *listed;
    } else {
      config.took_default("full_attn_idxs", "every layer");
      for (std::uint32_t i = 0; i < decoder.layers; ++i) full.push_back(i);
    }
  }
  const std::vector<std::string_view> kinds = layer_kinds(config, decoder.layers, kLfm2Kinds, [&](std::uint32_t i) {
    return std::find(full.begin(), full.end(), Count{i}) != full.end() ? kFullLayer : kConvolution;
  });

  add_frame(model, decoder, kRmsNorm);
  add_layers(
      model, decoder.layers,
      [&](std::uint32_t i) {
        return std::pair<bool, bool>(kinds[i] == kFullLayer, sparse && Count{i} >= dense_layers);
      },
      [&](const std::pair<bool, bool>& variant) {
        return Layer{{variant.first ? attention(kFullLayer, decoder.shape, 0)
                                    : make_mixer("short_conv", decoder.shape, {{"conv", kernel}, {"conv_bias", bias}})},
                     variant.second ? *sparse : dense,
                     pre_norms(kRmsNorm, decoder.d_model)};
      });
  read_rope(config, model, 128000);
}

void read_lfm2(const Config& config, Model& model) {
  Decoder decoder = read_decoder(
      config, {.vocab = 65536, .d_model = 2560, .d_ff = 12288, .layers = 32, .heads = 32, .kv_heads = 8, .tied = true});
  if (config.has("block_ff_dim")) decoder.d_ff = config.count("block_ff_dim", decoder.d_ff);
  read_line(config, model, decoder, gated(adjusted_width(config, decoder.d_ff)), std::nullopt, 0);
}

void read_lfm2_moe(const Config& config, Model& model) {
  const Decoder decoder = read_decoder(
      config, {.vocab = 65536, .d_model = 2048, .d_ff = 7168, .layers = 32, .heads = 32, .kv_heads = 8, .tied = true});
  Experts experts;
  experts.count = config.count("num_experts", 32);
  experts.active = config.count("num_experts_per_tok", 4);
  experts.d_ff = config.count("moe_intermediate_size", 1792);
  // use_expert_bias is a buffer of the class, not a parameter.
  read_line(config, model, decoder, gated(decoder.d_ff), gated_experts(checked(config, experts)),
            config.count("num_dense_layers", 2, 0));
}

// What its GGUF files say.

void read_lfm2_gguf(gguf::Header& file) {
  const bool mixture = file.count("expert_count").value_or(0) > 0;
  set_frame(file, mixture ? "lfm2_moe" : "lfm2");
  set_hybrid_heads(file);
  set_layer_types(file, "attn_q.weight", "full_attention", "conv");
  file.need("intermediate_size", "feed_forward_length");
  file.set_flag("block_auto_adjust_ff_dim", false);  // the file has the adjusted width
  file.need("conv_L_cache", "shortconv.l_cache");
  file.set_flag("conv_bias", file.in_any_layer("shortconv.conv.bias"));
  if (!mixture) return;
  set_experts(file, "num_experts");
  file.need("moe_intermediate_size", "expert_feed_forward_length");
  file.set("num_dense_layers", file.count("leading_dense_block_count").value_or(0));
}

}  // namespace

CTXCOST_FAMILY(kLfm2) = {
    .model_types = "lfm2",
    .architectures = "Lfm2ForCausalLM",
    .read = read_lfm2,
    .gguf_architectures = "lfm2 lfm2moe",
    .read_gguf = read_lfm2_gguf,
    .modules = {.part = "feed_forward."},
};

CTXCOST_FAMILY(kLfm2Moe) = {
    .model_types = "lfm2_moe",
    .architectures = "Lfm2MoeForCausalLM",
    .read = read_lfm2_moe,
    .modules = {.part = "feed_forward."},
};

}  // namespace ctxcost::huggingface
