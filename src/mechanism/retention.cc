// Retention: linear attention with a fixed decay per head and no normaliser [RetNet, arXiv 2307.08621; fla
// layers/multiscale_retention.py].
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kRetentionKeys[] = {
    {"chunk", KeyType::count, "64", "tokens of a prefill chunk"},
};

constexpr Formula kRetentionFormulas[] = {
    {"macs", "heads (sum(c of n by chunk: tri(c)) (d_k + d_v) + 2 n d_k d_v)", "arXiv 2307.08621, section 2.3"},
    {"decode macs", "2 heads d_k d_v", "arXiv 2307.08621, section 2.1"},
    {"decode scalar operations", "heads d_k d_v", "decay of the state, arXiv 2307.08621, section 2.1"},
    {"state elements", "heads d_k d_v", "arXiv 2307.08621, section 2.1"},
};

class Retention final : public Recurrence {
 public:
  Retention(const MixerShape& shape, Count chunk) : Recurrence("retention", shape, chunk) { keep(step_operations()); }

  std::optional<Count> recurrent_heads() const override { return shape().heads; }
  std::optional<std::vector<Tensor>> tensors() const override {
    std::optional<std::vector<Tensor>> tensors = softmax_tensors(shape());
    if (!tensors) return tensors;
    // A swish gate as wide as the values, and a norm of each head's output.
    project(*tensors, "attn_gate", *shape().d_model, shape().heads * shape().d_v, shape().output_bias);
    tensors->push_back(vector_of("attn_sub_norm", shape().d_v));
    return tensors;
  }
  std::span<const Formula> formulas() const override { return kRetentionFormulas; }

 private:
  Count step_macs() const override { return 2 * step_operations(); }
  Count step_operations() const override { return shape().heads * shape().d_k * shape().d_v; }
  Count chunk_macs(Count c) const override {
    return shape().heads * linear_attention_chunk(shape().d_k, shape().d_v, c);
  }
};

}  // namespace

CTXCOST_MECHANISM(kRetention) = {
    .kind = "retention",
    .summary = "linear attention with a fixed decay (RetNet)",
    .gives_up = "exact retrieval: all earlier tokens share one state of fixed size, which decays",
    .gives_up_source = "Jelassi 2024, arXiv 2402.01032, section 2",
    .keys = kRetentionKeys,
    .traits = {.traffic_never_falls = true},
    .make = [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      return std::make_unique<Retention>(shape, settings.count("chunk"));
    },
    .d_v_per_d_k = 2,  // expand_k 1, expand_v 2 [fla layers/multiscale_retention.py]
};

}  // namespace ctxcost
