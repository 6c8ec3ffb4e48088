// What families are built from: widths and heads, norms, embedding and head, layers grouped by what they are,
// positions. Tensor names are GGUF's [llama.cpp src/llama-arch.cpp].
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config.h"
#include "ctxcost/model/model.h"
#include "position.h"

namespace ctxcost::huggingface {

/// A norm as a family builds it; a Gemma norm (1 + weight) counts as rms.
struct NormForm {
  Norm kind = Norm::rms;
  bool bias = false;   ///< of a layer norm
  bool weight = true;  ///< OLMo's norms have none
};
inline constexpr NormForm kRmsNorm{};
inline constexpr NormForm kLayerNorm{Norm::layer, true};
inline constexpr NormForm kLayerNormWithoutBias{Norm::layer, false};
inline constexpr NormForm kNormWithoutWeights{Norm::layer, false, false};

void append_norm(std::vector<Tensor>& tensors, std::string_view name, NormForm form, Count width);
/// The two norms of a pre-norm layer: attn_norm and ffn_norm.
std::vector<Tensor> pre_norms(NormForm form, Count width);

/// Class defaults of the keys that nearly every decoder has [transformers, configuration_<family>.py].
struct DecoderDefaults {
  std::uint32_t vocab, d_model, d_ff, layers, heads;
  std::uint32_t kv_heads = 0;  ///< 0: as many as heads
  std::uint32_t d_k = 0;       ///< 0: d_model / heads
  bool tied = false;
  bool grouped = true;  ///< the class has num_key_value_heads
};

/// Those keys as read; a fault is recorded where they contradict each other.
struct Decoder {
  std::uint32_t layers = 0;
  Count vocab, d_model, d_ff;
  bool tied = false;
  MixerShape shape;
};

/// Reads vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads,
/// head_dim and tie_word_embeddings, under the older names too (n_embd, n_layer, …).
Decoder read_decoder(const Config& config, const DecoderDefaults& defaults);
/// The same for families whose inner width is another key's; d_ff stays 0.
Decoder read_decoder_without_ff(const Config& config, const DecoderDefaults& defaults);
/// An integer for all layers or a list with one for each.
std::vector<Count> per_layer_counts(const Config& config, const Keys& keys, Count class_default, std::uint32_t layers);
/// A shape from checked counts: a fault where kv_heads does not divide heads.
MixerShape make_shape(const Config& config, Count d_model, Count heads, Count kv_heads, Count d_k);

/// Token embedding, final norm and, unless tied, head; sets d_model, vocab and tied_embeddings.
void add_frame(Model& model, const Decoder& decoder, NormForm final_norm);
void add_tensor(Model& model, Place place, Tensor tensor);
void add_part(Model& model, std::string name, Count elements, std::string source);

FeedForward gated(Count d_ff, bool bias = false);
FeedForward plain(Count d_ff, bool bias = false);
FeedForward gated_experts(Experts experts, bool bias = false);

/// The same experts; a fault where more are active than there are.
Experts checked(const Config& config, Experts experts);

/// One layer without its place.
struct Layer {
  std::vector<std::shared_ptr<const Mixer>> mixers;
  FeedForward feed_forward;
  std::vector<Tensor> extras;
};

/// Adds `layers` layers, those of equal `variant_of(index)` as one group that `describe(variant)` builds once.
template <typename VariantOf, typename Describe>
void add_layers(Model& model, std::uint32_t layers, VariantOf variant_of, Describe describe,
                Stack stack = Stack::decoder) {
  using Variant = decltype(variant_of(std::uint32_t{}));
  std::vector<std::pair<Variant, std::size_t>> seen;
  for (std::uint32_t i = 0; i < layers; ++i) {
    const Variant variant = variant_of(i);
    std::size_t group = model.groups.size();
    for (const auto& [known, index] : seen) {
      if (known == variant) group = index;
    }
    if (group == model.groups.size()) {
      Layer layer = describe(variant);
      model.groups.push_back({{}, std::move(layer.mixers), layer.feed_forward, std::move(layer.extras), stack});
      seen.emplace_back(variant, group);
    }
    model.groups[group].layers.push_back(i);
  }
}
/// All layers alike.
void add_layers(Model& model, std::uint32_t layers, Layer layer, Stack stack = Stack::decoder);

/// Kinds of `layer_types` that several families share.
inline constexpr std::string_view kFullLayer = "full_attention";
inline constexpr std::string_view kSlidingLayer = "sliding_attention";
inline constexpr std::string_view kChunkedLayer = "chunked_attention";
inline constexpr std::string_view kLinearLayer = "linear_attention";

inline constexpr std::string_view kFullAndSliding[] = {kFullLayer, kSlidingLayer};
inline constexpr std::string_view kFullAndLinear[] = {kFullLayer, kLinearLayer};

/// `layer_types` as read; empty when absent.
std::vector<std::string_view> read_layer_types(const Config& config, std::uint32_t layers,
                                               std::span<const std::string_view> known);
/// `layer_types`, or where it is absent `rule(index)`, which must give one of `known`. A kind that is not known is a
/// fault naming it, or with `--assume full` full attention. The result points into `known`.
template <typename Rule>
std::vector<std::string_view> layer_kinds(const Config& config, std::uint32_t layers,
                                          std::span<const std::string_view> known, Rule rule) {
  std::vector<std::string_view> kinds = read_layer_types(config, layers, known);
  if (kinds.empty()) {
    kinds.reserve(layers);
    for (std::uint32_t i = 0; i < layers; ++i) kinds.push_back(rule(i));
  }
  return kinds;
}

/// The window or chunk of layers of those kinds: `limit`, or 1 after a fault where a layer needs one and the file gives
/// none (null).
Count limit_of_kinds(const Config& config, const std::vector<std::string_view>& kinds, std::optional<Count> limit);
/// Adds the layers of a decoder whose layers differ by their kind only, with that limit.
void add_layers_of_kinds(const Config& config, Model& model, const Decoder& decoder,
                         const std::vector<std::string_view>& kinds, std::optional<Count> limit,
                         const FeedForward& feed_forward, const std::vector<Tensor>& extras);
/// The same where a window, if there is one, holds for every layer (Mistral), unless `layer_types` says otherwise.
void add_uniform_layers(const Config& config, Model& model, const Decoder& decoder, std::optional<Count> window,
                        const FeedForward& feed_forward, const std::vector<Tensor>& extras);
/// `layer_types` of full and sliding layers, or where it is absent every layer but each `pattern`-th slides.
std::vector<std::string_view> sliding_pattern(const Config& config, std::uint32_t layers, Count pattern);

/// `mlp_layer_types`: true for the layers of experts ("sparse"), false for the others ("dense"). Empty when absent.
std::optional<std::vector<bool>> read_expert_layers(const Config& config, std::uint32_t layers);
/// The same, or where it is absent all layers but the first, whose number stands at `dense`.
std::vector<bool> expert_layers_after(const Config& config, std::uint32_t layers, const Keys& dense,
                                      Count class_default);

/// Full, sliding-window or chunked attention for one of the three kinds above; `limit` is the window or chunk.
std::shared_ptr<const Mixer> attention(std::string_view kind, const MixerShape& shape, Count limit);

}  // namespace ctxcost::huggingface
