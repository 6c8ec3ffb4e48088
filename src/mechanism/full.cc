// Full causal attention: MHA, GQA and MQA [Vaswani 2017; Ainslie 2023; Shazeer 2019], and layers without a mixer.
#include "ctxcost/pairs.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr Formula kFormulas[] = {
    {"pairs", "n (n + 1) / 2 exact; n n under reach", "Vaswani 2017, masked self-attention"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, COST-MODEL section 2"},
    {"cached elements", "n kv_heads (d_k + d_v)", "Shazeer 2019, section 3"},
};

class Full final : public SoftmaxAttention {
 public:
  explicit Full(const MixerShape& shape) : SoftmaxAttention("full", shape, Span{}) {}

  std::span<const Formula> formulas() const override { return kFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return rule == PairRule::reach ? pairs::full(n) : pairs::causal(n);
  }
  Count decode_keys(Count keys) const override { return keys; }
};

/// A layer that mixes nothing: a feed-forward alone (Nemotron-H).
class None final : public Mixer {
 public:
  explicit None(const MixerShape& shape) : Mixer("none", shape) {}

  std::optional<Work> prefill(Count, PairRule) const override { return Work{}; }
  std::optional<Work> decode(Count) const override { return Work{}; }
  std::optional<std::vector<Tensor>> tensors() const override { return std::vector<Tensor>{}; }
  Count score_heads() const override { return 0; }
  Count activation_width() const override { return 0; }
};

}  // namespace

CTXCOST_MECHANISM(kFull) = {
    "full", "every earlier token: MHA, GQA, MQA", {}, true,
    [](const MixerShape& shape, const Settings&) -> std::unique_ptr<Mixer> {
      return std::make_unique<Full>(shape);
    }};

CTXCOST_MECHANISM(kNone) = {
    "none", "no mixer: the layer is its feed-forward", {}, false,
    [](const MixerShape& shape, const Settings&) -> std::unique_ptr<Mixer> {
      return std::make_unique<None>(shape);
    }};

}  // namespace ctxcost
