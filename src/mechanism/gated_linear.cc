// Gated linear attention: a decay for each key channel that depends on the token. HGRN2 is one whose key is what the
// gate forgets. [Yang 2023, arXiv 2312.06635; Qin 2024, arXiv 2404.07904; fla layers/gla.py, layers/hgrn2.py]
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kGatedLinearKeys[] = {
    {"chunk", KeyType::count, "64", "tokens of a prefill chunk"},
    {"gate_rank",
     KeyType::count,
     "16",
     "inner width of the two matrices that yield the decay; 0 = the keys do",
     0,
     {},
     true},
    {"output_gate", KeyType::flag, "true", "a gate as wide as the values", 1, {}, true},
    {"joint_norm", KeyType::flag, "false", "one norm of all heads' output, in place of one of each", 1, {}, true},
};

constexpr Formula kGatedLinearFormulas[] = {
    {"macs", "heads (sum(c of n by chunk: tri(c)) (d_k + d_v) + 2 n d_k d_v)",
     "arXiv 2312.06635, section 4, in chunks"},
    {"decode macs", "2 heads d_k d_v", "fla ops/gla/naive.py"},
    {"decode scalar operations", "heads d_k d_v", "decay of the state, fla ops/gla/naive.py"},
    {"state elements", "heads d_k d_v", "fla layers/gla.py"},
};

class GatedLinear final : public Recurrence {
 public:
  GatedLinear(const MixerShape& shape, const MixerSettings& settings)
      : Recurrence("gated_linear", shape, settings.count("chunk")),
        gate_rank_(settings.count("gate_rank")),
        output_gate_(settings.flag("output_gate")),
        joint_norm_(settings.flag("joint_norm")) {
    keep(step_operations());
  }

  std::optional<Count> recurrent_heads() const override { return shape().heads; }
  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = softmax_tensors(shape());
    if (!tensors) return tensors;
    const Count d_model = *shape().d_model;
    const Count keys = shape().kv_heads * shape().d_k;
    const Count values = shape().heads * shape().d_v;
    if (gate_rank_ > 0) {
      project(*tensors, "ssm_f_a", d_model, gate_rank_);
      project(*tensors, "ssm_f_b", gate_rank_, keys, true);
    }
    if (output_gate_) project(*tensors, "attn_gate", d_model, values);
    tensors->push_back(vector_of("attn_sub_norm", joint_norm_ ? values : shape().d_v));
    return tensors;
  }
  std::span<const Formula> formulas() const override { return kGatedLinearFormulas; }

 private:
  Count step_macs() const override { return 2 * step_operations(); }
  Count step_operations() const override { return shape().heads * shape().d_k * shape().d_v; }
  Count chunk_macs(Count c) const override {
    return shape().heads * linear_attention_chunk(shape().d_k, shape().d_v, c);
  }

  Count gate_rank_;
  bool output_gate_, joint_norm_;
};

}  // namespace

CTXCOST_MECHANISM(kGatedLinear) = {
    .kind = "gated_linear",
    .summary = "linear attention with a decay per channel and token (GLA, HGRN2)",
    .gives_up = "exact retrieval: all earlier tokens share one state of fixed size, which decays",
    .gives_up_source = "Jelassi 2024, arXiv 2402.01032, section 2",
    .keys = kGatedLinearKeys,
    .traits = {.traffic_never_falls = true},
    .make = [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<GatedLinear>(shape, settings);
    },
    .reader_only = true,
};

}  // namespace ctxcost
