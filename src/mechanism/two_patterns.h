// Sparse Transformer's heads: the first ceil(H/2) follow pattern A, the others pattern B. The cache is dense [Child
// 2019, section 4]. Each kind adds its two masks.
#pragma once

#include "softmax_attention.h"

namespace ctxcost {

/// Base of the kinds whose heads follow two masks.
class TwoPatterns : public Mixer {
 public:
  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return work(prefill_pairs(Pattern::a, n, rule), prefill_pairs(Pattern::b, n, rule));
  }
  std::optional<Work> decode(Count keys) const override {
    return work(decode_keys(Pattern::a, keys), decode_keys(Pattern::b, keys));
  }
  std::optional<std::vector<Tensor>> tensors() const override { return softmax_tensors(shape()); }

  /// Key heads whose queries follow one pattern read the keys of that pattern. A key head with queries of both reads
  /// the union.
  Count rows_read(std::size_t, Count keys) const override {
    const Count group = shape().heads / shape().kv_heads;
    const Count only_a = a_heads() / group;
    const Count mixed = a_heads() % group == 0 ? 0 : 1;
    const Count a = decode_keys(Pattern::a, keys);
    const Count b = decode_keys(Pattern::b, keys);
    return only_a * a + mixed * (a + b - decode_overlap(keys)) + (shape().kv_heads - only_a - mixed) * b;
  }

 protected:
  enum class Pattern { a, b };

  static constexpr std::string_view kEitherPattern = "half of the heads follow another pattern: what either sees";

  TwoPatterns(std::string_view kind, const MixerShape& shape) : Mixer(kind, shape) {
    cache_ = key_value_cache(shape, Span{});
  }

  /// Returns the score pairs of one head of that pattern for n tokens.
  virtual Count prefill_pairs(Pattern pattern, Count n, PairRule rule) const = 0;
  /// Returns how many of `keys` keys the query of a decode step sees under that pattern.
  virtual Count decode_keys(Pattern pattern, Count keys) const = 0;
  /// Returns how many it sees under both patterns.
  virtual Count decode_overlap(Count keys) const = 0;

 private:
  Count a_heads() const { return ceil_div(shape().heads, 2); }

  Work work(Count a, Count b) const {
    const Count b_heads = shape().heads - a_heads();
    const Count scores = a_heads() * a + b_heads * b;
    const bool agree = a == b || b_heads == 0;
    return {scores, agree ? std::optional<Count>(a) : std::nullopt, scores * (shape().d_k + shape().d_v), 0};
  }
};

}  // namespace ctxcost
