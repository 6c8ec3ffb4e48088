// Infini-attention: causal attention inside a segment, and a matrix per head that stores all earlier segments
// [Munkhdalai 2024, arXiv 2404.07143].
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kInfiniKeys[] = {
    {"segment", KeyType::count, "", "tokens of local attention"},
    {"delta", KeyType::flag, "false", "write to the memory only what it does not hold yet"},
};

constexpr Formula kInfiniFormulas[] = {
    {"pairs", "sum(c of n by segment: tri(c))", "arXiv 2404.07143, section 2.1"},
    {"pairs under reach", "n min(n, segment)", "every query charged a whole segment"},
    {"macs", "heads (pairs (d_k + d_v) + n (2 d_k d_v + d_k + delta (d_k d_v + d_k)))",
     "read, normaliser and write, arXiv 2404.07143, section 2.2"},
    {"decode keys", "(T - 1) mod segment + 1", "arXiv 2404.07143, section 2.1"},
    {"decode macs", "heads (pairs (d_k + d_v) + 2 d_k d_v + d_k + delta (d_k d_v + d_k))",
     "arXiv 2404.07143, section 2.2"},
    {"cached elements", "min(n, segment) kv_heads (d_k + d_v)", "local attention, arXiv 2404.07143, section 2.1"},
    {"state elements", "heads d_k (d_v + 1)", "arXiv 2404.07143, table 1"},
};

class Infini final : public SoftmaxAttention {
 public:
  Infini(const MixerShape& shape, Count segment, bool delta)
      : SoftmaxAttention("infini", shape, {.kind = Span::Kind::chunk, .limit = segment}),
        segment_(segment),
        delta_(delta) {
    state_ = {{"memory", shape.heads * shape.d_k * (shape.d_v + 1), StateType::cache}};
  }

  std::optional<Work> prefill(Count n, PairRule rule) const override {
    return with_memory(softmax_work(shape(), prefill_pairs(n, rule)), n);
  }
  std::optional<Work> decode(Count keys) const override {
    return with_memory(softmax_work(shape(), decode_keys(keys)), min(keys, 1));
  }
  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = softmax_tensors(shape());
    if (tensors) tensors->push_back(vector_of("attn_memory_gate", shape().heads));
    return tensors;
  }
  Reach reach(Count n) const override { return {min(n, segment_), n}; }
  Visibility visibility(Count) const override {
    return {{mask::Segments{segment_}}, {mask::EarlierSegments{segment_}}};
  }
  std::span<const Formula> formulas() const override { return kInfiniFormulas; }

 private:
  Count prefill_pairs(Count n, PairRule rule) const override {
    return rule == PairRule::reach ? n * min(n, segment_) : pairs::chunked(n, segment_);
  }
  Count decode_keys(Count keys) const override { return pairs::chunked_decode(keys, segment_); }

  Work with_memory(Work work, Count tokens) const {
    const Count d_k = shape().d_k;
    const Count matrix = d_k * shape().d_v;
    work.macs += shape().heads * tokens * (2 * matrix + d_k + (delta_ ? matrix + d_k : Count{}));
    return work;
  }

  Count segment_;
  bool delta_;
};

}  // namespace

CTXCOST_MECHANISM(kInfini) = {"infini",
                              "local attention and a compressive memory of fixed size",
                              "exact keys before the segment: all earlier segments share one memory of fixed size",
                              "arXiv 2404.07143, section 2.2",
                              kInfiniKeys,
                              {.softmax = true},
                              [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
                                return std::make_unique<Infini>(shape, settings.count("segment"),
                                                                settings.flag("delta"));
                              }};

}  // namespace ctxcost
