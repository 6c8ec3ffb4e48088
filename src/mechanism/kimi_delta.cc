// Kimi Delta Attention: the gated delta rule with a decay for each key channel [Kimi Linear, arXiv 2510.26692;
// fla layers/kda.py].
#include "delta_rule.h"
#include "projections.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kKimiDeltaKeys[] = {
    {"conv", KeyType::count, "4", "kernel of the short convolutions"},
    {"chunk", KeyType::count, "64", "tokens of a prefill chunk"},
    {"full_rank_gate", KeyType::flag, "false", "the output gate is one matrix (Kimi K3)", 1, {}, true},
    {"full_rank_decay", KeyType::flag, "false", "what yields the decay is one matrix (Ling 3)", 1, {}, true},
};

constexpr Formula kKimiDeltaFormulas[] = {
    {"macs", "sum(c of n by chunk: heads (c c (3 d_k + 2 d_v) + 3 c d_k d_v)) + n conv heads (2 d_k + d_v)",
     "without the triangular solve, arXiv 2510.26692, section 3"},
    {"decode macs", "3 heads d_k d_v + conv heads (2 d_k + d_v)", "fla ops/gated_delta_rule/naive.py"},
    {"decode scalar operations", "heads (d_k d_v + 2 d_v)", "fla ops/gated_delta_rule/naive.py"},
    {"state elements", "heads d_k d_v + (conv - 1) heads (2 d_k + d_v)", "fla layers/kda.py"},
};

class KimiDelta final : public DeltaRule {
 public:
  struct FullRank {
    bool gate, decay;
  };
  KimiDelta(const MixerShape& shape, Count conv, Count chunk, FullRank full_rank)
      : DeltaRule("kimi_delta", shape, shape.heads, conv, chunk), full_rank_(full_rank) {}

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    const Count d_k = shape().d_k;
    const Count d_v = shape().d_v;
    const Count keys = shape().heads * d_k;
    const Count values = shape().heads * d_v;
    const bool biases = shape().output_bias;  // every linear
    std::vector<Tensor> tensors;
    project(tensors, "attn_q", d_model, keys, shape().qkv_bias);
    project(tensors, "attn_k", d_model, keys, shape().qkv_bias);
    project(tensors, "attn_v", d_model, values, shape().qkv_bias);
    tensors.push_back(convolution_of("ssm_conv1d_q", keys, conv()));
    tensors.push_back(convolution_of("ssm_conv1d_k", keys, conv()));
    tensors.push_back(convolution_of("ssm_conv1d_v", values, conv()));
    // Two matrices whose inner width is that of one head yield the decay of each key channel.
    if (full_rank_.decay) {
      project(tensors, "ssm_f_a", d_model, keys, biases);
    } else {
      project(tensors, "ssm_f_a", d_model, d_k, biases);
      project(tensors, "ssm_f_b", d_k, keys, biases);
    }
    tensors.push_back(bias_of("ssm_dt", keys));
    tensors.push_back(vector_of("ssm_a", shape().heads));
    project(tensors, "ssm_beta", d_model, shape().heads, biases);
    if (full_rank_.gate) {
      project(tensors, "attn_gate", d_model, values, biases);
    } else {
      project(tensors, "ssm_g_a", d_model, d_v, biases);
      project(tensors, "ssm_g_b", d_v, values, biases);
    }
    tensors.push_back(vector_of("ssm_norm", d_v));
    project(tensors, "attn_output", values, d_model, biases);
    return tensors;
  }
  std::span<const Formula> formulas() const override { return kKimiDeltaFormulas; }

 private:
  FullRank full_rank_;
};

}  // namespace

CTXCOST_MECHANISM(kKimiDelta) = {
    "kimi_delta",
    "linear attention with the gated delta rule and a decay per channel",
    "exact retrieval: all earlier tokens share one state of fixed size, and new keys overwrite old",
    "Kimi Linear, arXiv 2510.26692, section 1",
    kKimiDeltaKeys,
    {.traffic_never_falls = true, .state_type_is_fixed = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<KimiDelta>(
          shape, settings.count("conv"), settings.count("chunk"),
          KimiDelta::FullRank{settings.flag("full_rank_gate"), settings.flag("full_rank_decay")});
    }};

}  // namespace ctxcost
