// Dilated sliding window: every `dilation`-th earlier token, `window` of them [Beltagy 2020, section 3.1].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kDilatedKeys[] = {
    {"window", KeyType::count, "", "keys that a token sees, itself included"},
    {"dilation", KeyType::count, "", "distance in tokens from one of these keys to the next"},
};

constexpr Formula kDilatedFormulas[] = {
    {"pairs",
     "r (tri(y) + (q + 1 - y) window) + (dilation - r) (tri(x) + (q - x) window) where q = floor(n / dilation), r = n "
     "mod dilation, x = min(q, window), y = min(q + 1, window)",
     "docs/cost-model.md section 3, dilated"},
    {"pairs under reach", "n min(ceil(n / dilation), window)", "every query charged the most keys of any"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode keys", "min((T - 1) / dilation + 1, window)", "docs/cost-model.md section 3, dilated"},
    {"cached elements", "min(n, (window - 1) dilation + 1) kv_heads (d_k + d_v)", "docs/cost-model.md section 6.1"},
};

class Dilated final : public SoftmaxAttention {
 public:
  Dilated(const MixerShape& shape, Count window, Count dilation)
      : SoftmaxAttention("dilated", shape, {.kind = Span::Kind::window, .limit = (window - 1) * dilation + 1}),
        window_(window),
        dilation_(dilation) {}

  Reach reach(Count n) const override {
    const Count back = n == 0 ? n : min((n - 1) / dilation_, window_ - 1) * dilation_ + 1;
    return {back, back};
  }
  Visibility visibility(Count) const override { return {{mask::Strided{dilation_, window_}}, {}}; }
  std::span<const Formula> formulas() const override { return kDilatedFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return rule == PairRule::reach ? n * decode_keys(n) : pairs::dilated(n, window_, dilation_);
  }
  Count decode_keys(Count keys) const override { return pairs::dilated_decode(keys, window_, dilation_); }

  Count window_;
  Count dilation_;
};

}  // namespace

CTXCOST_MECHANISM(kDilated) = {
    "dilated",
    "`window` of the last tokens, one in every `dilation`",
    "tokens between the dilated ones and before the window, except through further layers",
    "Beltagy 2020, arXiv 2004.05150, section 3.1",
    kDilatedKeys,
    {.softmax = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      try {
        return std::make_unique<Dilated>(shape, settings.count("window"), settings.count("dilation"));
      } catch (const CountOverflow&) {
        throw SettingFault{"dilation", "\"window\" times \"dilation\" does not fit 128 bits", ""};
      }
    }};

}  // namespace ctxcost
