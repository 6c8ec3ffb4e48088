// Memorizing Transformer: local attention, plus for each query the best `top_k` of a store of earlier keys and values
// [Wu 2022, arXiv 2203.08913; lucidrains/memorizing-transformers-pytorch].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kMemorizingKeys[] = {
    {"memory", KeyType::count, "", "keys and values in the store"},
    {"top_k", KeyType::count, "32", "stored tokens that a query attends to"},
    {"segment", KeyType::count, "", "tokens processed together; local attention sees one segment back"},
};

constexpr Formula kMemorizingFormulas[] = {
    {"pairs", "sum(c, q of n by segment: tri(c) + c min(segment, q segment) + c min(memory, top_k, q segment))",
     "own segment, the one before and retrieved tokens, arXiv 2203.08913, section 3"},
    {"pairs under reach",
     "n max(i < n: i - s + 1 + min(segment, s) + min(memory, top_k, s)) where s = floor(i / segment) segment",
     "every query charged the most keys of any"},
    {"macs", "heads (pairs (d_k + d_v) + sum(c, q of n by segment: c min(memory, q segment)) d_k)",
     "exact search, arXiv 2203.08913, section 3.2"},
    {"decode keys", "T - s + min(segment, s) + min(memory, top_k, s) where s = floor((T - 1) / segment) segment",
     "arXiv 2203.08913, section 3"},
    {"decode macs", "heads (pairs (d_k + d_v) + min(memory, floor((T - 1) / segment) segment) d_k)",
     "exact search, arXiv 2203.08913, section 3.2"},
    {"cached elements", "(min(n, segment) + min(n, memory)) kv_heads (d_k + d_v)",
     "arXiv 2203.08913, section 3: a local cache and a store of its own"},
};

class Memorizing final : public Mixer {
 public:
  Memorizing(const MixerShape& shape, Count memory, Count top_k, Count segment)
      : Mixer("memorizing", shape), memory_(memory), top_k_(top_k), segment_(segment) {
    cache_ = key_value_cache(shape, {.kind = Span::Kind::chunk, .limit = segment});
    std::vector<CachePart> store = key_value_cache(shape, {.kind = Span::Kind::window, .limit = memory});
    store[0].name = "stored keys";
    store[1].name = "stored values";
    cache_.insert(cache_.end(), store.begin(), store.end());
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    const Count searched = seen_of(n, memory_);
    if (rule == PairRule::exact) {
      return work(pairs::segment_memory(n, segment_, segment_) + seen_of(n, min(memory_, top_k_)), searched);
    }
    // The query with the most keys is the last one of the last segment or of the last full segment.
    Count most = keys_of(n);
    if (n >= segment_) most = max(most, keys_of(n / segment_ * segment_));
    return work(n * most, searched);
  }
  std::optional<Work> decode(Count keys) const override { return work(keys_of(keys), min(memory_, before(keys))); }

  Count rows_read(std::size_t part, Count keys) const override {
    const Count kv_heads = cache()[part].heads;
    if (part < 2) return kv_heads * pairs::chunked_decode(keys, segment_);
    // The previous segment is part of the store. Every stored key is searched. Only attended values are read.
    const Count stored = min(memory_, before(keys));
    if (part == 2) return kv_heads * stored;
    const Count local = min(stored, segment_);
    return min(kv_heads * stored, kv_heads * local + shape().heads * min(stored, top_k_));
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = softmax_tensors(shape());
    // A learned gate per head weighs the store.
    if (tensors) tensors->push_back(vector_of("attn_memory_gate", shape().heads));
    return tensors;
  }
  /// Any stored token may be retrieved, by a key of its own.
  Reach reach(Count n) const override {
    Count back = back_of(n);
    if (n >= segment_) back = max(back, back_of(n / segment_ * segment_));
    return {back, back};
  }
  Visibility visibility(Count) const override {
    return {{mask::Segments{segment_, max(memory_, segment_)}}, {}, top_k_ < memory_};
  }
  std::span<const Formula> formulas() const override { return kMemorizingFormulas; }

 private:
  Work work(Count pairs, Count searched) const {
    const Count heads = shape().heads;
    return {heads * pairs, pairs, heads * (pairs * (shape().d_k + shape().d_v) + searched * shape().d_k), 0};
  }
  /// Returns the sum over queries of min(limit, tokens before their segment).
  Count seen_of(Count n, Count limit) const {
    return pairs::segment_memory(n, segment_, limit) - pairs::chunked(n, segment_);
  }
  /// Returns the number of tokens before the segment of the query that sees `keys` keys.
  Count before(Count keys) const { return keys == 0 ? Count{} : (keys - 1) / segment_ * segment_; }
  Count back_of(Count keys) const { return pairs::segment_memory_decode(keys, segment_, max(memory_, segment_)); }
  Count keys_of(Count keys) const {
    return pairs::segment_memory_decode(keys, segment_, segment_) + min(min(memory_, top_k_), before(keys));
  }

  Count memory_;
  Count top_k_;
  Count segment_;
};

}  // namespace

CTXCOST_MECHANISM(kMemorizing) = {"memorizing",
                                  "local attention, and the nearest of a store of earlier keys and values",
                                  "in a step, all stored tokens but the nearest `top_k`; what leaves the store is lost",
                                  "Wu 2022, arXiv 2203.08913, section 3",
                                  kMemorizingKeys,
                                  {.softmax = true},
                                  [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
                                    return std::make_unique<Memorizing>(shape, settings.count("memory"),
                                                                        settings.count("top_k"),
                                                                        settings.count("segment"));
                                  }};

}  // namespace ctxcost
