// Common base of the gated delta rules: work and state of one d_k x d_v matrix per value head, after short convolutions
// of queries, keys and values [Yang 2024, arXiv 2412.06464; fla ops/gated_delta_rule/naive.py].
#pragma once

#include "recurrence.h"

namespace ctxcost {

class DeltaRule : public Recurrence {
 public:
  std::optional<Count> recurrent_heads() const override { return shape().heads; }
  // H d_k + H (d_k + d_v), as for attention: queries and keys are repeated to the value heads.
  Count activation_width() const override { return shape().heads * (2 * shape().d_k + shape().d_v); }

 protected:
  DeltaRule(std::string_view kind, const MixerShape& shape, Count key_heads, Count conv, Count chunk)
      : Recurrence(kind, shape, chunk), key_heads_(key_heads), conv_(conv) {
    keep(shape.heads * shape.d_k * shape.d_v);
    convolve(channels(), conv);
  }

  Count key_heads() const { return key_heads_; }
  Count conv() const { return conv_; }
  /// Width of queries, keys and values together.
  Count channels() const { return 2 * key_heads_ * shape().d_k + shape().heads * shape().d_v; }

 private:
  Count matrices() const { return shape().heads * shape().d_k * shape().d_v; }
  // MACs: reading the state at the key, the update, and the read. Scalars: decay of the state, and the delta with its
  // strength.
  Count step_macs() const override { return 3 * matrices(); }
  Count step_operations() const override { return matrices() + 2 * shape().heads * shape().d_v; }
  // Tiles are counted in full, without the triangular solve.
  Count chunk_macs(Count c) const override {
    return shape().heads * c * c * (3 * shape().d_k + 2 * shape().d_v) + 3 * c * matrices();
  }

  Count key_heads_;
  Count conv_;
};

}  // namespace ctxcost
