// Full causal attention: MHA, GQA and MQA [Vaswani 2017; Ainslie 2023; Shazeer 2019], and layers without a mixer.
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr Formula kFullFormulas[] = {
    {"pairs", "n (n + 1) / 2", "Vaswani 2017, masked self-attention"},
    {"pairs under reach", "n n", "every query charged all n keys"},
    {"macs", "heads pairs (d_k + d_v)", "QK^T and PV, docs/cost-model.md section 2.1"},
    {"decode keys", "T", "Vaswani 2017, masked self-attention"},
    {"cached elements", "n kv_heads (d_k + d_v)", "Shazeer 2019, section 3"},
};

class Full final : public SoftmaxAttention {
 public:
  explicit Full(const MixerShape& shape) : SoftmaxAttention("full", shape, Span{}) {}

  Count polynomial_until(Count n) const override { return n == 0 ? n : kEndless; }
  std::span<const Formula> formulas() const override { return kFullFormulas; }

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
  Reach reach(Count) const override { return {}; }
  Count polynomial_until(Count n) const override { return n == 0 ? n : kEndless; }
  Visibility visibility(Count) const override { return {}; }
  std::optional<std::vector<Tensor>> tensors() const override { return std::vector<Tensor>{}; }
  Count score_heads() const override { return 0; }
  Count activation_width() const override { return 0; }
};

}  // namespace

CTXCOST_MECHANISM(kFull) = {"full",
                            "every earlier token (MHA, GQA, MQA)",
                            "",
                            "",
                            {},
                            {.softmax = true, .traffic_never_falls = true},
                            [](const MixerShape& shape, const MixerSettings&) -> std::unique_ptr<Mixer> {
                              return std::make_unique<Full>(shape);
                            }};

CTXCOST_MECHANISM(kNone) = {"none",
                            "nothing: the layer has only a feed-forward",
                            "none of the earlier tokens is seen in this layer; other layers must mix them",
                            "Nemotron-H, arXiv 2504.03624, section 2.1",
                            {},
                            {.traffic_never_falls = true},
                            [](const MixerShape& shape, const MixerSettings&) -> std::unique_ptr<Mixer> {
                              return std::make_unique<None>(shape);
                            }};

}  // namespace ctxcost
