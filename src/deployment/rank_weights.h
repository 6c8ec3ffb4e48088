// The weights that one device holds and reads, from the stored tensors of the whole model: a device's part of a tensor
// has the type of the whole tensor, whatever the shape of the part.
#pragma once

#include <string_view>
#include <vector>

#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/weights/weight_scheme.h"
#include "group_of_layer.h"

namespace ctxcost {

/// The linear that scores experts: every device scores all of them.
inline constexpr std::string_view kRouter = "ffn_gate_inp";

/// Linear tensors of experts on one device: `held` of all `count` experts, or parts of experts.
struct HeldExperts {
  Count layers;
  Count count;       ///< experts of the whole model
  Count active;      ///< experts used by a token
  Count held;        ///< on this device
  Count bytes_each;  ///< bytes of one of them, as held
  bool in_decode;
};

/// Returns the experts of a kind that a device reads for `tokens` tokens: all of them, or as many as the tokens choose,
/// spread evenly over the devices that hold them.
template <typename Held>
Count experts_read(const Held& experts, Count tokens) {
  const Count distinct = min(experts.count, tokens * experts.active);
  return min(experts.held, ceil_div(distinct * experts.held, experts.count));
}

/// Returns the bytes of the experts that a device reads for `tokens` tokens, in a prefill or in a decode step.
Count expert_bytes(const std::vector<HeldExperts>& held, Count tokens, bool prefill);

struct RankWeights {
  Count bytes;              ///< held
  Count prefill_bytes;      ///< read once by a prefill: everything but experts and tables
  Count decode_bytes;       ///< the same by a decode step
  Count prefill_row_bytes;  ///< of tables, for each token
  Count decode_row_bytes;   ///< for each sequence
  std::vector<HeldExperts> experts;
  Count host_bytes;  ///< of experts that are in host memory instead: not among `bytes`
  std::vector<HeldExperts> host_experts;
};

/// Multiply-adds per token in the feed-forwards of a device.
struct FeedForwardWork {
  Count dense_macs;    ///< of the device's part; routers whole
  Count routed_macs;   ///< of a token's experts, were this device's part of every expert all there is of it: the sum
                       ///< over the devices of an expert group is one token's work
  Count counted_macs;  ///< what an estimate of the rank's model counts for both
};

/// The parts of a model, and of its stored tensors, that ranks hold.
class RankShares {
 public:
  /// `stored` are the tensors of `model`, null if they are unknown. Both must outlive the shares.
  RankShares(const Model& model, const std::vector<StoredTensor>* stored);

  /// Computes a rank's weights, of known tensors. `rank` is a part of the model. Routed experts of layers below
  /// `host_expert_layers` are in host memory.
  RankWeights weights(const Rank& rank, Count host_expert_layers = {}) const;
  FeedForwardWork feed_forward(const Rank& rank) const;
  /// Returns the index of the model's group that a rank's group is a part of.
  std::size_t origin(const LayerGroup& part) const { return groups_.of(part.stack, part.layers.front()); }

 private:
  const Model& model_;
  const std::vector<StoredTensor>* stored_;
  GroupOfLayer groups_;
  std::vector<std::vector<const StoredTensor*>> of_group_;
  std::vector<const StoredTensor*> outside_;
};

}  // namespace ctxcost
