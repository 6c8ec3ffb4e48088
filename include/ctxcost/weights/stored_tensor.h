// Tensors with the types that store them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/mechanism/tensor.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// A tensor of a model or of identical layers, with the type that stores it.
struct StoredTensor {
  Tensor tensor;
  std::string type;                   ///< "q4_k", "fp8"
  Count bytes;                        ///< of one layer, with all copies and scales
  Count row_bytes;                    ///< of one row, which a lookup reads
  const LayerGroup* group = nullptr;  ///< null outside the layers
  std::vector<std::uint32_t> layers;  ///< indices within the group, ascending; empty outside the layers
  Place place = Place::other;         ///< outside the layers

  /// Returns how many times the file holds it.
  Count count() const { return group == nullptr ? Count{1} : Count{layers.size()}; }
};

/// The total of one type in a file.
struct StoredType {
  std::string type;
  Count tensors;  ///< stacked experts count as one tensor
  Count elements;
  Count bytes;
};

/// Sums stored tensors by type, in order of first appearance.
std::vector<StoredType> sum_by_type(const std::vector<StoredTensor>& tensors);

}  // namespace ctxcost
