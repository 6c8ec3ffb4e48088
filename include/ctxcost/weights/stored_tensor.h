// Tensors in the types in which they are stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/mechanism/tensor.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// A tensor of a model, or of layers that are alike, in the type in which it is stored.
struct StoredTensor {
  Tensor tensor;
  std::string type;                   ///< "q4_k", "fp8"
  Count bytes;                        ///< in one layer, all copies, scales included
  Count row_bytes;                    ///< of one row: what a lookup reads
  const LayerGroup* group = nullptr;  ///< null outside the layers
  std::vector<std::uint32_t> layers;  ///< of the group, ascending; empty outside the layers
  Place place = Place::other;         ///< outside the layers

  /// How many times the file holds it.
  Count count() const { return group == nullptr ? Count{1} : Count{layers.size()}; }
};

/// What one type contributes to a file.
struct StoredType {
  std::string type;
  Count tensors;  ///< stacked experts are one tensor
  Count elements;
  Count bytes;
};

/// Sums over stored tensors by type, in the order of first appearance.
std::vector<StoredType> sum_by_type(const std::vector<StoredTensor>& tensors);

}  // namespace ctxcost
