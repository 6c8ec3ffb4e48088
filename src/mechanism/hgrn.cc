// HGRN, a recurrence of one number a channel whose gates depend on the token. [Qin 2023, arXiv 2311.04823;
// fla layers/hgrn.py, ops/hgrn/fused_recurrent.py]
#include "projections.h"
#include "recurrence.h"
#include "row.h"
#include "unsized.h"

namespace ctxcost {
namespace {

constexpr MechanismKey kHgrnKeys[] = {
    {"width", KeyType::count, "d_model", "channels of the recurrence"},
};

constexpr Formula kHgrnFormulas[] = {
    {"macs", "n given(width, d_model)", "fla ops/hgrn/fused_recurrent.py"},
    {"decode macs", "given(width, d_model)", "fla ops/hgrn/fused_recurrent.py"},
    {"linear macs", "4 n given(width, d_model) d_model", "fla layers/hgrn.py"},
    {"state elements", "given(width, d_model)", "fla ops/hgrn/fused_recurrent.py"},
};

class Hgrn final : public Recurrence {
 public:
  Hgrn(const MixerShape& shape, Count width) : Recurrence("hgrn", shape), width_(width) {
    // In the type of its input, unlike the states of matrices.
    state_.push_back({"recurrent", width_, StateType::activation});
  }

  std::optional<std::vector<Tensor>> tensors() const override {
    if (!shape().d_model) return std::nullopt;
    const Count d_model = *shape().d_model;
    std::vector<Tensor> tensors;
    for (const std::string_view name : {"attn_i", "attn_f", "attn_gate"}) project(tensors, name, d_model, width_);
    tensors.push_back(vector_of("attn_sub_norm", width_));
    project(tensors, "attn_output", width_, d_model);
    return tensors;
  }
  Count activation_width() const override { return 3 * width_; }
  std::span<const Formula> formulas() const override { return kHgrnFormulas; }

 private:
  Count step_macs() const override { return width_; }

  Count width_;
};

}  // namespace

CTXCOST_MECHANISM(kHgrn) = {
    .kind = "hgrn",
    .summary = "a gated recurrence of one number a channel (HGRN)",
    .gives_up = "exact retrieval: all earlier tokens share one state of fixed size, which decays",
    .gives_up_source = "Jelassi 2024, arXiv 2402.01032, section 2",
    .keys = kHgrnKeys,
    .traits = {.traffic_never_falls = true},
    .make = [](const MixerShape& shape, const MixerSettings& settings) -> std::unique_ptr<Mixer> {
      if (!settings.has("width") && !shape.d_model) return std::make_unique<Unsized>("hgrn", shape, kHgrnFormulas);
      const Count width = settings.has("width") ? settings.count("width") : *shape.d_model;
      return std::make_unique<Hgrn>(shape, shape.share(width));
    },
    .reader_only = true,
};

}  // namespace ctxcost
