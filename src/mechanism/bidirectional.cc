// Two-sided attention of encoders, whole or in a band [Devlin 2018; transformers masking_utils.py].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kBidirectionalKeys[] = {
    {"half_window", KeyType::count, "none", "keys that a token sees on each side; without it, every token"},
};

constexpr Formula kBidirectionalFormulas[] = {
    {"pairs", "n (2 a + 1) - a (a + 1) where a = min(given(half_window, n), n - 1)",
     "docs/cost-model.md section 3, band"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"cached elements", "0", "vllm kv_cache_interface.py, EncoderOnlyAttentionSpec"},
};

class Bidirectional final : public SoftmaxAttention {
 public:
  Bidirectional(const MixerShape& shape, std::optional<Count> half_window)
      : SoftmaxAttention("bidirectional", shape), half_window_(half_window) {}

  bool causal() const override { return false; }
  Count polynomial_until(Count n) const override {
    if (!half_window_ || n == 0) return n == 0 ? n : kEndless;
    return until_bound(n, *half_window_ + 1);
  }
  std::optional<Work> decode(Count) const override { return std::nullopt; }
  Reach reach(Count n) const override {
    const Count back = half_window_ && n > 0 ? min(n - 1, *half_window_) + 1 : n;
    return {back, back};
  }
  Visibility visibility(Count n) const override {
    return {{mask::Band{half_window_.value_or(n), half_window_.value_or(n)}}, {}};
  }
  std::span<const Formula> formulas() const override { return kBidirectionalFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule) const override {
    return half_window_ ? pairs::band(n, *half_window_) : pairs::full(n);
  }
  Count decode_keys(Count) const override { return 0; }

  std::optional<Count> half_window_;
};

}  // namespace

CTXCOST_MECHANISM(kBidirectional) = {
    "bidirectional",
    "every token, earlier and later (encoders)",
    "",
    "",
    kBidirectionalKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      std::optional<Count> half_window;
      if (settings.has("half_window")) half_window = settings.count("half_window");
      return std::make_unique<Bidirectional>(shape, half_window);
    }};

}  // namespace ctxcost
