// Common base of mixers without score pairs: a state that does not grow, a step for one token (the recurrent form) and,
// for some, a prefill in chunks (docs/cost-model.md section 8).
#pragma once

#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/mechanism/pairs.h"
#include "ctxcost/mechanism/visibility.h"

namespace ctxcost {

/// One head of linear attention over a chunk of c tokens: scores and values inside it, then read and update of the
/// d_k x d_v state. With chunks of C over n tokens: (d_k + d_v) chunked(n, C) + 2 n d_k d_v [docs/cost-model.md section
/// 8].
inline Count linear_attention_chunk(Count d_k, Count d_v, Count c) {
  return (d_k + d_v) * pairs::triangle(c) + 2 * c * d_k * d_v;
}

/// Base of linear attention, state spaces and short convolutions.
class Recurrence : public Mixer {
 public:
  std::optional<Work> prefill(Count n, PairRule) const override {
    if (!chunk_) return work(n * step_macs(), n * step_operations(), n);
    Count macs = (n / *chunk_) * chunk_macs(*chunk_);
    if (n % *chunk_ != 0) macs += chunk_macs(n % *chunk_);
    return work(macs, 0, n);
  }
  std::optional<Work> decode(Count keys) const override {
    return keys == 0 ? work(0, 0, 0) : work(step_macs(), step_operations(), 1);
  }
  /// Up to the end of the chunk, whose work is a polynomial of its tokens.
  Count polynomial_until(Count n) const override {
    if (n == 0) return n;
    return chunk_ ? round_up(n, *chunk_) : kEndless;
  }
  Count score_heads() const override { return 0; }
  /// All through the state. What a convolution of its input adds to it is not a key.
  Reach reach(Count n) const override { return {0, n}; }
  Visibility visibility(Count n) const override { return {{}, {mask::Band{n}}}; }

 protected:
  /// Without `chunk`, prefill repeats the step.
  Recurrence(std::string_view kind, const MixerShape& shape, std::optional<Count> chunk = std::nullopt)
      : Mixer(kind, shape), chunk_(chunk) {}

  /// Keeps `elements` in fp32 between steps.
  void keep(Count elements) { state_.push_back({"recurrent", elements, StateType::fp32}); }
  /// Adds a causal depthwise convolution: `kernel` multiply-adds per channel and token, and kernel - 1 columns kept.
  void convolve(Count channels, Count kernel) {
    convolution_macs_ = channels * kernel;
    if (kernel > 1) state_.push_back({"convolution", channels * (kernel - 1), StateType::activation});
  }

  /// Work of one token over all heads in the recurrent form, without the convolution.
  virtual Count step_macs() const { return 0; }
  virtual Count step_operations() const { return 0; }
  /// Work of a chunk of `tokens` over all heads.
  virtual Count chunk_macs(Count tokens) const { return tokens * step_macs(); }

 private:
  Work work(Count macs, Count operations, Count tokens) const {
    return {0, Count{}, macs + tokens * convolution_macs_, operations};
  }

  std::optional<Count> chunk_;
  Count convolution_macs_;
};

}  // namespace ctxcost
