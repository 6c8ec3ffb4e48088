// Sparse Transformer, strided: half of the heads see a window, the others every `stride`-th token [Child 2019, section
// 4.2].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "two_patterns.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kStridedKeys[] = {
    {"stride", KeyType::count, "",
     "tokens of the window before the token itself, and the distance between the strided keys"},
};

constexpr Formula kStridedFormulas[] = {
    {"scores",
     "ceil(heads / 2) (tri(x) + (n - x) (stride + 1)) + floor(heads / 2) (stride tri(q) + r (q + 1)) where x = min(n, "
     "stride + 1), q = floor(n / stride), r = n mod stride",
     "the last `stride` tokens, and every `stride`-th; docs/cost-model.md section 3, sliding and strided"},
    {"scores under reach", "n (ceil(heads / 2) min(n, stride + 1) + floor(heads / 2) ceil(n / stride))",
     "every query charged the most keys of any"},
    {"macs", "scores (d_k + d_v)", "Child 2019, section 4"},
    {"decode scores", "ceil(heads / 2) min(T, stride + 1) + floor(heads / 2) ceil(T / stride)",
     "docs/cost-model.md section 3, sliding and strided"},
    {"cached elements", "n kv_heads (d_k + d_v)", "docs/cost-model.md section 7.5"},
};

class Strided final : public TwoPatterns {
 public:
  Strided(const MixerShape& shape, Count stride) : TwoPatterns("strided", shape), stride_(stride) {}

  Reach reach(Count n) const override {
    Count back = min(n, stride_ + 1);
    if (n > 0 && shape().heads > 1) back = max(back, (n - 1) / stride_ * stride_ + 1);
    return {back, back};
  }
  /// Of a head of either pattern.
  Visibility visibility(Count n) const override {
    std::vector<MaskPart> parts = {mask::Band{stride_}};
    if (shape().heads > 1) parts.emplace_back(mask::Strided{stride_, n});
    return {std::move(parts), {}, false, kEitherPattern};
  }
  std::span<const Formula> formulas() const override { return kStridedFormulas; }

 private:
  Count prefill_pairs(Pattern pattern, Count n, PairRule rule) const override {
    if (rule == PairRule::reach) return n * decode_keys(pattern, n);
    return pattern == Pattern::a ? pairs::sliding(n, stride_ + 1) : pairs::strided(n, stride_);
  }
  Count decode_keys(Pattern pattern, Count keys) const override {
    return pattern == Pattern::a ? pairs::sliding_decode(keys, stride_ + 1) : pairs::strided_decode(keys, stride_);
  }
  /// The query's own token and the one `stride` before it.
  Count decode_overlap(Count keys) const override { return min(pairs::strided_decode(keys, stride_), 2); }

  Count stride_;
};

}  // namespace

CTXCOST_MECHANISM(kStrided) = {
    "strided",
    "a window in half the heads, every `stride`-th token in the others (Sparse Transformer)",
    "most tokens, in one layer; two layers reach all, and text lacks the period that this suits",
    "Child 2019, arXiv 1904.10509, section 4.2",
    kStridedKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Strided>(shape, settings.count("stride"));
    }};

}  // namespace ctxcost
