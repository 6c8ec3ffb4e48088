// Sparse Transformer, fixed: half of the heads see the query's own block, the others the last tokens of every block
// [Child 2019, section 4.2].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "two_patterns.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kFixedKeys[] = {
    {"stride", KeyType::count, "", "tokens per block"},
    {"summary", KeyType::count, "", "tokens at the end of each block, which later tokens see; at most stride"},
};

constexpr Formula kFixedFormulas[] = {
    {"scores",
     "ceil(heads / 2) sum(c of n by stride: tri(c)) + floor(heads / 2) sum(i < n: summary ((i + 1) / stride) + max(0, "
     "(i + 1) mod stride - (stride - summary)))",
     "blocks of `stride`, and the ends of all blocks; docs/cost-model.md section 3, chunked and fixed"},
    {"scores under reach",
     "n (ceil(heads / 2) min(n, stride) + floor(heads / 2) (summary (n / stride) + max(0, n mod stride - (stride - "
     "summary))))",
     "every query charged the most keys of any"},
    {"macs", "scores (d_k + d_v)", "Child 2019, section 4"},
    {"decode scores",
     "ceil(heads / 2) ((T - 1) mod stride + 1) + floor(heads / 2) (summary (T / stride) + max(0, T mod stride - "
     "(stride - summary)))",
     "docs/cost-model.md section 3, chunked and fixed"},
    {"cached elements", "n kv_heads (d_k + d_v)", "docs/cost-model.md section 7.5"},
};

class Fixed final : public TwoPatterns {
 public:
  Fixed(const MixerShape& shape, Count stride, Count summary)
      : TwoPatterns("fixed", shape), stride_(stride), summary_(summary) {}

  Reach reach(Count n) const override {
    Count back = min(n, stride_);
    if (shape().heads > 1) back = max(back, minus_or_zero(n, stride_ - summary_));
    return {back, back};
  }
  /// Of a head of either pattern.
  Visibility visibility(Count) const override {
    std::vector<MaskPart> parts = {mask::Segments{stride_}};
    if (shape().heads > 1) parts.emplace_back(mask::BlockEnds{stride_, summary_});
    return {std::move(parts), {}, false, kEitherPattern};
  }
  std::span<const Formula> formulas() const override { return kFixedFormulas; }

 private:
  Count prefill_pairs(Pattern pattern, Count n, PairRule rule) const override {
    if (pattern == Pattern::a) return rule == PairRule::reach ? n * min(n, stride_) : pairs::chunked(n, stride_);
    return rule == PairRule::reach ? n * pairs::fixed_decode(n, stride_, summary_) : pairs::fixed(n, stride_, summary_);
  }
  Count decode_keys(Pattern pattern, Count keys) const override {
    return pattern == Pattern::a ? pairs::chunked_decode(keys, stride_) : pairs::fixed_decode(keys, stride_, summary_);
  }
  /// The summary tokens of the query's own block so far.
  Count decode_overlap(Count keys) const override {
    return minus_or_zero(pairs::chunked_decode(keys, stride_), stride_ - summary_);
  }

  Count stride_;
  Count summary_;
};

}  // namespace

CTXCOST_MECHANISM(kFixed) = {
    "fixed",
    "its block in half the heads, the ends of all blocks in the others (Sparse Transformer)",
    "most tokens, in one layer: what is before the block passes through the ends of blocks",
    "Child 2019, arXiv 1904.10509, section 4.2",
    kFixedKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      const Count stride = settings.count("stride");
      const Count summary = settings.count("summary");
      if (summary > stride) {
        throw SettingFault{"summary",
                           "expected at most \"stride\" (" + to_string(stride) + "), found " + to_string(summary), ""};
      }
      return std::make_unique<Fixed>(shape, stride, summary);
    }};

}  // namespace ctxcost
