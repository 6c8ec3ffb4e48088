// Mechanisms whose widths follow from d_model, for models that do not give it.
#pragma once

#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/mechanism/visibility.h"

namespace ctxcost {

/// Says which figures a mixer lacks without d_model.
inline constexpr std::string_view kWorkUnknown[] = {"without d_model the work and state of this mechanism are unknown"};
inline constexpr std::string_view kStateUnknown[] = {"without d_model the memory of this mechanism is unknown"};

/// A mixer of which little is known: it caches no tokens, and which it sees.
class Unsized final : public Mixer {
 public:
  /// `seen`: the last tokens that each token sees, where the kind sees no more. Else it sees all through a state.
  Unsized(std::string_view kind, const MixerShape& shape, std::span<const Formula> formulas,
          std::optional<Count> seen = std::nullopt)
      : Mixer(kind, shape), formulas_(formulas), seen_(seen) {
    state_known_ = false;
  }

  std::optional<Work> prefill(Count, PairRule) const override { return std::nullopt; }
  std::optional<Work> decode(Count) const override { return std::nullopt; }
  std::optional<std::vector<Tensor>> tensors() const override { return std::nullopt; }
  Count score_heads() const override { return 0; }
  Count activation_width() const override { return 0; }
  Reach reach(Count n) const override { return seen_ ? Reach{min(n, *seen_), min(n, *seen_)} : Reach{0, n}; }
  Visibility visibility(Count n) const override {
    if (seen_) return {{mask::Band{*seen_ - 1}}, {}};
    return {{}, {mask::Band{n}}};
  }
  std::span<const Formula> formulas() const override { return formulas_; }
  std::span<const std::string_view> notes() const override { return kWorkUnknown; }

 private:
  std::span<const Formula> formulas_;
  std::optional<Count> seen_;
};

/// Returns a state space's channels for the whole layer: `inner`, or `expand` times d_model. Empty without both.
inline std::optional<Count> inner_width(const MixerShape& shape, const MixerSettings& settings) {
  if (settings.has("inner")) return settings.count("inner");
  if (!shape.d_model) return std::nullopt;
  return settings.count("expand") * *shape.d_model;
}

}  // namespace ctxcost
