// Lightning attention: linear attention with a fixed decay per head, prefilled in blocks [MiniMax-01, arXiv 2501.08313;
// Qin 2024, arXiv 2401.04658].
#include "projections.h"
#include "recurrence.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kLightningKeys[] = {
    {"block", KeyType::count, "256", "tokens of a prefill block"},
};

constexpr Formula kLightningFormulas[] = {
    {"macs", "heads (sum(c of n by block: tri(c)) (d_k + d_v) + 2 n d_k d_v)", "arXiv 2501.08313, section 2.2"},
    {"decode macs", "2 heads d_k d_v", "arXiv 2501.08313, section 2.2"},
    {"decode scalar operations", "heads d_k d_v", "decay of the state"},
    {"state elements", "heads d_k d_v", "vllm mamba_utils.py"},
};

class Lightning final : public Recurrence {
 public:
  Lightning(const MixerShape& shape, Count block) : Recurrence("lightning", shape, block) { keep(step_operations()); }

  std::optional<Count> recurrent_heads() const override { return shape().heads; }
  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    const Count heads = shape().heads;
    const Count values = heads * shape().d_v;
    std::vector<Tensor> tensors;
    project(tensors, "attn_qkv", d_model, heads * (2 * shape().d_k + shape().d_v), shape().qkv_bias);
    project(tensors, "attn_gate", d_model, values, shape().output_bias);
    tensors.push_back(vector_of("attn_sub_norm", values));
    project(tensors, "attn_output", values, d_model, shape().output_bias);
    return tensors;
  }
  Count activation_width() const override { return shape().heads * (2 * shape().d_k + shape().d_v); }
  std::span<const Formula> formulas() const override { return kLightningFormulas; }

 private:
  Count step_macs() const override { return 2 * step_operations(); }
  Count step_operations() const override { return shape().heads * shape().d_k * shape().d_v; }
  Count chunk_macs(Count c) const override {
    return shape().heads * linear_attention_chunk(shape().d_k, shape().d_v, c);
  }
};

}  // namespace

CTXCOST_MECHANISM(kLightning) = {
    "lightning",
    "linear attention with a fixed decay, in blocks",
    "exact retrieval: all earlier tokens share one state of fixed size, which decays",
    "MiniMax-01, arXiv 2501.08313, section 2.2",
    kLightningKeys,
    {.traffic_never_falls = true, .state_in_model_type = true, .state_type_is_fixed = true},
    [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Lightning>(shape, settings.count("block"));
    }};

}  // namespace ctxcost
