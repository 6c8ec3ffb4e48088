// DeltaNet: linear attention with the delta rule, without a decay [Yang 2024, arXiv 2406.06484; fla
// layers/delta_net.py].
#include "delta_rule.h"
#include "projections.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kDeltaKeys[] = {
    {"conv", KeyType::count, "4", "kernel of the short convolutions"},
    {"chunk", KeyType::count, "64", "tokens of a prefill chunk"},
    {"output_gate", KeyType::flag, "false", "a gate as wide as the values", 1, {}, true},
};

constexpr Formula kDeltaFormulas[] = {
    {"macs", "sum(c of n by chunk: heads (c c (3 d_k + 2 d_v) + 3 c d_k d_v)) + n conv heads (2 d_k + d_v)",
     "without the triangular solve, arXiv 2406.06484, section 3.2"},
    {"decode macs", "3 heads d_k d_v + conv heads (2 d_k + d_v)", "fla ops/delta_rule/naive.py"},
    {"decode scalar operations", "2 heads d_v", "the delta and its strength, fla ops/delta_rule/naive.py"},
    {"state elements", "heads d_k d_v + (conv - 1) heads (2 d_k + d_v)", "fla layers/delta_net.py"},
};

class Delta final : public DeltaRule {
 public:
  Delta(const MixerShape& shape, Count conv, Count chunk, bool output_gate)
      : DeltaRule("delta", shape, shape.heads, conv, chunk), output_gate_(output_gate) {}

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    const Count values = shape().heads * shape().d_v;
    std::vector<Tensor> tensors;
    project(tensors, "attn_qkv", d_model, channels());
    project(tensors, "ssm_beta", d_model, shape().heads);
    tensors.push_back(convolution_of("ssm_conv1d", channels(), conv()));
    if (output_gate_) project(tensors, "attn_gate", d_model, values);
    tensors.push_back(vector_of("ssm_norm", shape().d_v));
    project(tensors, "ssm_out", values, d_model);
    return tensors;
  }
  std::span<const Formula> formulas() const override { return kDeltaFormulas; }

 private:
  Count step_operations() const override { return 2 * shape().heads * shape().d_v; }

  bool output_gate_;
};

}  // namespace

CTXCOST_MECHANISM(kDelta) = {
    .kind = "delta",
    .summary = "linear attention with the delta rule (DeltaNet)",
    .gives_up = "exact retrieval: all earlier tokens share one state of fixed size, and new keys overwrite old",
    .gives_up_source = "Yang 2024, arXiv 2412.06464, section 3",
    .keys = kDeltaKeys,
    .traits = {.traffic_never_falls = true},
    .make = [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Delta>(shape, settings.count("conv"), settings.count("chunk"),
                                     settings.flag("output_gate"));
    },
    .reader_only = true,
};

}  // namespace ctxcost
