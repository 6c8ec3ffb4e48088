// Models put together from the parts that engines look at: what is cached and kept, and where it stands.
#pragma once

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "ctxcost/engine/engine.h"
#include "ctxcost/model/model.h"
#include "input/huggingface/family.h"
#include "input/own_format/own_format.h"

namespace ctxcost::test {

/// A mixer that only caches and keeps.
class PartsMixer final : public Mixer {
 public:
  PartsMixer(std::string_view kind, const MixerShape& shape, std::vector<CachePart> cache,
             std::vector<StatePart> state = {})
      : Mixer(kind, shape) {
    cache_ = std::move(cache);
    state_ = std::move(state);
  }
  std::optional<Work> prefill(Count, PairRule) const override { return std::nullopt; }
  std::optional<Work> decode(Count) const override { return std::nullopt; }
  std::optional<std::vector<Tensor>> tensors() const override { return std::nullopt; }
};

using MixerPointer = std::shared_ptr<const Mixer>;

inline std::vector<CachePart> keys_and_values(Count heads, Count d_k, Count d_v, Span span, bool owned = true) {
  return {{"keys", CacheRole::key, heads, d_k, span, owned}, {"values", CacheRole::value, heads, d_v, span, owned}};
}
inline MixerShape shape_of(Count heads, Count kv_heads, Count d_k, Count d_v) {
  MixerShape shape{};
  shape.heads = heads;
  shape.kv_heads = kv_heads;
  shape.d_k = d_k;
  shape.d_v = d_v;
  return shape;
}

/// Attention with `kv_heads` heads of width `d`.
inline MixerPointer full(Count kv_heads, Count d) {
  return std::make_shared<PartsMixer>("full", shape_of(kv_heads, kv_heads, d, d), keys_and_values(kv_heads, d, d, {}));
}
inline MixerPointer window(Count kv_heads, Count d, Count tokens) {
  return std::make_shared<PartsMixer>("sliding_window", shape_of(kv_heads, kv_heads, d, d),
                                      keys_and_values(kv_heads, d, d, {.kind = Span::Kind::window, .limit = tokens}));
}
inline MixerPointer chunk(Count kv_heads, Count d, Count tokens) {
  return std::make_shared<PartsMixer>("chunked", shape_of(kv_heads, kv_heads, d, d),
                                      keys_and_values(kv_heads, d, d, {.kind = Span::Kind::chunk, .limit = tokens}));
}
/// MLA: `heads` of nope + rope and value widths behind one latent; with `index` > 0 an indexer's keys.
inline MixerPointer latent(Count rank, Count rope, Count heads, Count nope, Count value, Count index = 0) {
  std::vector<CachePart> cache = {{"latents", CacheRole::latent, 1, rank + rope, {}, true}};
  if (index > 0) cache.push_back({"index keys", CacheRole::index, 1, index, {}, true});
  return std::make_shared<PartsMixer>(index > 0 ? "indexed_latent" : "latent",
                                      shape_of(heads, heads, nope + rope, value), std::move(cache));
}
/// A recurrence that keeps `recurrent` fp32 elements and `convolution` of the activation type.
inline MixerPointer state(std::string_view kind, Count recurrent, Count convolution) {
  std::vector<StatePart> parts;
  if (recurrent > 0) parts.push_back({"recurrent", recurrent, StateType::fp32});
  parts.push_back({"convolution", convolution, StateType::activation});
  return std::make_shared<PartsMixer>(kind, shape_of(1, 1, 1, 1), std::vector<CachePart>{}, std::move(parts));
}

/// What llama.cpp does with the family.
inline GgufTraits gguf_traits_of(std::string_view family) {
  if (family == "own") return kOwnGgufTraits;
  const huggingface::Family* const known = huggingface::find_family(family);
  return known == nullptr ? GgufTraits{} : known->gguf;
}

/// A model of the given family; layer i has the mixers `mixers_of(i)`. Equal layers make one group.
template <typename MixersOf>
Model model_of(std::string family, std::uint32_t layers, MixersOf mixers_of) {
  Model model;
  model.name = model.family = std::move(family);
  model.gguf = gguf_traits_of(model.family);
  model.activation = parse_precision("bf16", "test");
  model.weights = model.activation;
  model.kv = parse_kv_precision("bf16", "test");
  for (std::uint32_t i = 0; i < layers; ++i) {
    const std::vector<MixerPointer> mixers = mixers_of(i);
    LayerGroup* group = nullptr;
    for (LayerGroup& known : model.groups) {
      if (known.mixers == mixers) group = &known;
    }
    if (group == nullptr) {
      group = &model.groups.emplace_back();
      group->mixers = mixers;
    }
    group->layers.push_back(i);
  }
  return model;
}

/// What the engine reserves for `batch` sequences of `context` tokens.
inline Reserve reserve(const Model& model, std::string_view engine, Count context, Count batch = 1,
                       std::string_view kv = "bf16") {
  const EngineChoice choice = parse_engine(engine);
  const KvPrecision precision = parse_kv_precision(kv, "test");
  return choice.engine->reserve({model, context, batch, precision, choice});
}

}  // namespace ctxcost::test
