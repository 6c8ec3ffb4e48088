// Gated DeltaNet [Yang 2024, arXiv 2412.06464], as in Qwen3-Next [transformers modeling_qwen3_next.py].
#include "delta_rule.h"
#include "projections.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kGatedDeltaKeys[] = {
    {"key_heads", KeyType::count, "heads", "query and key heads; `heads` counts the value heads"},
    {"conv", KeyType::count, "4", "kernel of the short convolution"},
    {"chunk", KeyType::count, "64", "tokens of a prefill chunk"},
};

constexpr Formula kGatedDeltaFormulas[] = {
    {"macs",
     "sum(c of n by chunk: heads (c c (3 d_k + 2 d_v) + 3 c d_k d_v)) + n conv channels where channels = 2 "
     "given(key_heads, heads) d_k + heads d_v",
     "without the triangular solve, arXiv 2412.06464, section 3.3"},
    {"decode macs", "3 heads d_k d_v + conv (2 given(key_heads, heads) d_k + heads d_v)",
     "fla ops/gated_delta_rule/naive.py"},
    {"decode scalar operations", "heads (d_k d_v + 2 d_v)", "fla ops/gated_delta_rule/naive.py"},
    {"state elements", "heads d_k d_v + (conv - 1) (2 given(key_heads, heads) d_k + heads d_v)", "vllm mamba_utils.py"},
};

class GatedDelta final : public DeltaRule {
 public:
  GatedDelta(const MixerShape& shape, Count key_heads, Count conv, Count chunk)
      : DeltaRule("gated_delta", shape, key_heads, conv, chunk) {}

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    const Count heads = shape().heads;
    const Count values = heads * shape().d_v;
    const bool biases = shape().output_bias;  // every linear
    std::vector<Tensor> tensors;
    project(tensors, "attn_qkv", d_model, channels(), shape().qkv_bias);
    project(tensors, "attn_gate", d_model, values, biases);
    // Strength of the update and decay of the state, for each value head.
    project(tensors, "ssm_ba", d_model, 2 * heads, biases);
    tensors.push_back(convolution_of("ssm_conv1d", channels(), conv()));
    tensors.push_back(bias_of("ssm_dt", heads));
    tensors.push_back(vector_of("ssm_a", heads));
    tensors.push_back(vector_of("ssm_norm", shape().d_v));
    project(tensors, "ssm_out", values, d_model, biases);
    return tensors;
  }
  std::span<const Formula> formulas() const override { return kGatedDeltaFormulas; }
};

}  // namespace

CTXCOST_MECHANISM(kGatedDelta) = {
    "gated_delta",
    "linear attention with the gated delta rule",
    "exact retrieval: all earlier tokens share one state of fixed size, and new keys overwrite old",
    "Yang 2024, arXiv 2412.06464, section 3",
    kGatedDeltaKeys,
    {.traffic_never_falls = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      // Ranks split key heads as they do value heads; one that several ranks need is on each of them.
      const Count key_heads =
          settings.has("key_heads") ? max(1, shape.share(settings.count("key_heads"))) : shape.heads;
      if (shape.tensor_ranks == 1 && shape.heads % key_heads != 0) {
        throw SettingFault{
            "key_heads",
            "expected a divisor of \"heads\" (" + to_string(shape.heads) + "), found " + to_string(key_heads), ""};
      }
      return std::make_unique<GatedDelta>(shape, key_heads, settings.count("conv"), settings.count("chunk"));
    }};

}  // namespace ctxcost
