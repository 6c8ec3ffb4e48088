// Common base of softmax attention with Q, K, V and output projections: tensors, a cache of keys and values, and work
// proportional to the pairs. Each kind adds its pairs and the tokens that it keeps.
#pragma once

#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

/// Returns the multiply-adds of `pairs` score pairs of each head: d_k for the score, d_v for the value
/// (docs/cost-model.md section 2.1).
inline Work softmax_work(const MixerShape& shape, Count pairs) {
  return {shape.heads * pairs, pairs, shape.heads * pairs * (shape.d_k + shape.d_v), 0};
}

/// Returns the Q, K, V and output projections with biases, norms, gate and sinks. Empty without d_model.
std::optional<std::vector<Tensor>> softmax_tensors(const MixerShape& shape);

/// Base of the kinds whose heads all follow one mask.
class SoftmaxAttention : public Mixer {
 public:
  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return softmax_work(shape(), prefill_pairs(n, rule));
  }
  std::optional<Work> decode(Count keys) const override { return softmax_work(shape(), decode_keys(keys)); }
  Count rows_read(std::size_t part, Count keys) const override { return cache()[part].heads * decode_keys(keys); }
  std::optional<std::vector<Tensor>> tensors() const override { return softmax_tensors(shape()); }

 protected:
  /// Caches keys and values of the tokens in `span`.
  SoftmaxAttention(std::string_view kind, const MixerShape& shape, Span span);
  /// Caches nothing (two-sided masks).
  SoftmaxAttention(std::string_view kind, const MixerShape& shape) : Mixer(kind, shape) {}

  /// Returns the score pairs of one head for n tokens.
  virtual Count prefill_pairs(Count n, PairRule rule) const = 0;
  /// Returns how many of `keys` keys the query of a decode step sees.
  virtual Count decode_keys(Count keys) const = 0;
};

/// Returns the cache parts "keys" and "values" of a shape.
std::vector<CachePart> key_value_cache(const MixerShape& shape, Span span);

}  // namespace ctxcost
