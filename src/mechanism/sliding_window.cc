// Sliding-window attention: the last `window` keys, the query's own included [Beltagy 2020; transformers
// masking_utils.py sliding_window_overlay].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kSlidingWindowKeys[] = {
    {"window", KeyType::count, "", "keys that a token sees, itself included"},
};

constexpr Formula kSlidingWindowFormulas[] = {
    {"pairs", "tri(x) + (n - x) window where x = min(n, window)", "docs/cost-model.md section 3, sliding"},
    {"pairs under reach", "n min(n, window)", "every query charged a full window"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode keys", "min(T, window)", "docs/cost-model.md section 3, sliding"},
    {"cached elements", "min(n, window) kv_heads (d_k + d_v)", "mistral-inference cache.py"},
};

class SlidingWindow final : public SoftmaxAttention {
 public:
  SlidingWindow(const MixerShape& shape, Count window)
      : SoftmaxAttention("sliding_window", shape, {.kind = Span::Kind::window, .limit = window}), window_(window) {}

  Count polynomial_until(Count n) const override { return until_bound(n, window_); }
  Reach reach(Count n) const override { return {min(n, window_), min(n, window_)}; }
  Visibility visibility(Count) const override { return {{mask::Band{window_ - 1}}, {}}; }
  std::span<const Formula> formulas() const override { return kSlidingWindowFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return rule == PairRule::reach ? n * min(n, window_) : pairs::sliding(n, window_);
  }
  Count decode_keys(Count keys) const override { return pairs::sliding_decode(keys, window_); }

  Count window_;
};

}  // namespace

CTXCOST_MECHANISM(kSlidingWindow) = {
    "sliding_window",
    "the last `window` tokens",
    "tokens before the window: they are reached only through further layers",
    "Beltagy 2020, arXiv 2004.05150, section 3.1",
    kSlidingWindowKeys,
    {.softmax = true, .traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<SlidingWindow>(shape, settings.count("window"));
    }};

}  // namespace ctxcost
