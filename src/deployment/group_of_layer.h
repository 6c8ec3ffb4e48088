// Which group of a model has which layer. Splits ask for every layer of every device.
#pragma once

#include <cstdint>
#include <vector>

#include "ctxcost/model/model.h"

namespace ctxcost {

class GroupOfLayer {
 public:
  explicit GroupOfLayer(const Model& model);
  /// Returns the index of the group that has the layer of the stack.
  std::size_t of(Stack stack, std::uint32_t layer) const { return groups(stack)[layer]; }
  /// Returns the indices of the groups that have any of the layers [first, end) of either stack, ascending.
  std::vector<std::size_t> within(Count first, Count end) const;

 private:
  const std::vector<std::size_t>& groups(Stack stack) const { return stack == Stack::encoder ? encoder_ : decoder_; }

  std::vector<std::size_t> encoder_, decoder_;
};

}  // namespace ctxcost
