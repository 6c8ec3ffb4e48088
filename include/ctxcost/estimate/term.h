// The named parts of a metric, which show where a number comes from. A metric that is a sum is the sum of its terms. A
// metric that is a maximum over layers has a term for that layer.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// What a term counts.
enum class TermKind {
  scores,       ///< score pairs
  mixing,       ///< work of a mixer: scores and values, or a recurrence
  scalars,      ///< scalar operations of a recurrence
  linear,       ///< products with a matrix of weights
  logits,       ///< the output head
  parameters,   ///< elements of a tensor
  weights,      ///< bytes of a tensor, held or read
  cache,        ///< a part of the cache, kept or read
  state,        ///< a part of the state, kept or moved
  reserve,      ///< one kind of an engine's allocations
  activations,  ///< memory live while a layer runs
};

/// A named factor of a term: "batch" 8.
struct Factor {
  std::string_view name;
  Count value = 1;
};

/// A named part of a metric: `one` times its layers and factors. It refers to the model and to the estimator, which
/// must outlive it.
struct Term {
  Metric metric = Metric::context;
  TermKind kind = TermKind::mixing;
  const LayerGroup* group = nullptr;  ///< null outside the layers
  const Mixer* mixer = nullptr;       ///< the owner of the work, cache or state; null for other terms
  std::string_view owner;             ///< the mixer's kind, "feed_forward", "layer", "embedding", "head", an engine
  std::string_view name;              ///< "scores and values", "attn_q", "keys"
  std::optional<Count> one;           ///< of one layer, without the factors; empty if unknown
  Count layers = 1;                   ///< number of layers in the group
  std::array<Factor, 3> factors;      ///< factors without a name are 1
  Count next;                         ///< for a part of the cache: `one` with one more token per sequence
  const CachePart* cache = nullptr;   ///< that it counts
  const StatePart* state = nullptr;   ///< that it counts
  const Tensor* tensor = nullptr;     ///< that it counts

  /// Returns the share of one layer. Throws CountOverflow.
  std::optional<Count> per_layer() const {
    if (!one) return std::nullopt;
    Count product = *one;
    for (const Factor& factor : factors) {
      if (factor.value != 1) product *= factor.value;
    }
    return product;
  }
  /// Returns what the term adds to the metric. Throws CountOverflow.
  std::optional<Count> total() const {
    std::optional<Count> product = per_layer();
    if (product && layers != 1) *product *= layers;
    return product;
  }
};

}  // namespace ctxcost
