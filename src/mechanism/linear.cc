// Linear attention: a feature map replaces the softmax, and a running sum replaces the cache [Katharopoulos 2020, arXiv
// 2006.16236].
#include "recurrence.h"
#include "row.h"
#include "softmax_attention.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kLinearKeys[] = {
    {"feature_dim", KeyType::count, "d_k", "width of a query or key after the feature map"},
    {"chunk", KeyType::count, "64", "tokens of a prefill chunk"},
};

constexpr Formula kLinearFormulas[] = {
    {"macs", "heads (sum(c of n by chunk: tri(c)) (f + d_v) + 2 n f d_v) where f = given(feature_dim, d_k)",
     "arXiv 2006.16236, section 3.2, in chunks"},
    {"decode macs", "heads (2 f d_v + f) where f = given(feature_dim, d_k)",
     "update, read and normaliser, arXiv 2006.16236, section 3.3"},
    {"decode scalar operations", "heads (given(feature_dim, d_k) + d_v)",
     "sum of keys and division, arXiv 2006.16236, section 3.3"},
    {"state elements", "heads given(feature_dim, d_k) (d_v + 1)", "arXiv 2006.16236, section 3.3"},
};

constexpr std::string_view kLinearNotes[] = {"linear: the feature map has no multiply-adds and no parameters here"};

class LinearAttention final : public Recurrence {
 public:
  LinearAttention(const MixerShape& shape, Count feature_dim, Count chunk)
      : Recurrence("linear", shape, chunk), feature_dim_(feature_dim) {
    keep(shape.heads * feature_dim * (shape.d_v + 1));
  }

  std::optional<Count> recurrent_heads() const override { return shape().heads; }
  std::optional<std::vector<Tensor>> tensors() const override { return softmax_tensors(shape()); }
  std::span<const Formula> formulas() const override { return kLinearFormulas; }
  std::span<const std::string_view> notes() const override { return kLinearNotes; }

 private:
  Count step_macs() const override { return shape().heads * (2 * feature_dim_ * shape().d_v + feature_dim_); }
  Count step_operations() const override { return shape().heads * (feature_dim_ + shape().d_v); }
  Count chunk_macs(Count c) const override {
    return shape().heads * linear_attention_chunk(feature_dim_, shape().d_v, c);
  }

  Count feature_dim_;
};

}  // namespace

CTXCOST_MECHANISM(kLinear) = {"linear",
                              "linear attention with a feature map",
                              "exact retrieval: all earlier tokens share one state of fixed size",
                              "Jelassi 2024, arXiv 2402.01032, section 2",
                              kLinearKeys,
                              {.traffic_never_falls = true},
                              [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
                                return std::make_unique<LinearAttention>(
                                    shape, settings.count_or("feature_dim", shape.d_k), settings.count("chunk"));
                              }};

}  // namespace ctxcost
