// Attention sinks: the first `sinks` tokens and the last `window` [Xiao 2023, StreamingLLM]; the A-shape of MInference.
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kSinkWindowKeys[] = {
    {"sinks", KeyType::count, "", "first tokens, which every later token sees", 0},
    {"window", KeyType::count, "", "last tokens that a token sees, itself included"},
};

constexpr Formula kSinkWindowFormulas[] = {
    {"pairs", "tri(x) + (n - x) (sinks + window) where x = min(n, sinks + window)",
     "docs/cost-model.md section 3, sliding"},
    {"pairs under reach", "n min(n, sinks + window)", "every query charged a full window"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode keys", "min(T, sinks + window)", "docs/cost-model.md section 3, sliding"},
    {"cached elements", "min(n, sinks + window) kv_heads (d_k + d_v)", "Xiao 2023, section 3.2"},
};

class SinkWindow final : public SoftmaxAttention {
 public:
  // This is not a window span, because the cache also keeps the first tokens.
  SinkWindow(const MixerShape& shape, Count sinks, Count window)
      : SoftmaxAttention("sink_window", shape, {.kind = Span::Kind::other, .limit = sinks + window}),
        window_(window),
        seen_(sinks + window) {}

  Count polynomial_until(Count n) const override { return until_bound(n, seen_); }
  /// The window's: the sinks are fixed positions.
  Reach reach(Count n) const override { return {min(n, window_), min(n, window_)}; }

  Visibility visibility(Count) const override {
    return {{mask::Band{window_ - 1}, mask::Columns{PositionSet({{0, seen_ - window_}})}}, {}};
  }
  std::span<const Formula> formulas() const override { return kSinkWindowFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return rule == PairRule::reach ? n * min(n, seen_) : pairs::sliding(n, seen_);
  }
  Count decode_keys(Count keys) const override { return pairs::sliding_decode(keys, seen_); }

  Count window_;
  Count seen_;  // sinks and window: a query sees as many keys as in a window of both
};

}  // namespace

CTXCOST_MECHANISM(kSinkWindow) = {
    "sink_window",
    "the first `sinks` and the last `window` tokens",
    "tokens between the sinks and the window: the sinks steady the softmax, they do not remember",
    "Xiao 2023, arXiv 2309.17453, section 3",
    kSinkWindowKeys,
    {.softmax = true, .traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      try {
        return std::make_unique<SinkWindow>(shape, settings.count("sinks"), settings.count("window"));
      } catch (const CountOverflow&) {
        throw SettingFault{"window", "\"sinks\" and \"window\" together do not fit 128 bits", ""};
      }
    }};

}  // namespace ctxcost
