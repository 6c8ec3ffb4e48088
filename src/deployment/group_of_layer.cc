#include "group_of_layer.h"

#include <algorithm>

namespace ctxcost {
namespace {

/// No group has the layer.
constexpr std::size_t kNoGroup = ~std::size_t{0};

}  // namespace

GroupOfLayer::GroupOfLayer(const Model& model) {
  for (std::size_t g = 0; g < model.groups.size(); ++g) {
    const LayerGroup& group = model.groups[g];
    std::vector<std::size_t>& groups = group.stack == Stack::encoder ? encoder_ : decoder_;
    if (groups.size() <= group.layers.back()) groups.resize(group.layers.back() + std::size_t{1}, kNoGroup);
    for (const std::uint32_t layer : group.layers) groups[layer] = g;
  }
}

std::vector<std::size_t> GroupOfLayer::within(Count first, Count end) const {
  std::vector<std::size_t> found;
  for (const std::vector<std::size_t>* groups : {&encoder_, &decoder_}) {
    const auto from = static_cast<std::size_t>(min(first, groups->size()).u64());
    const auto to = static_cast<std::size_t>(min(end, groups->size()).u64());
    for (std::size_t layer = from; layer < to; ++layer) {
      const std::size_t group = (*groups)[layer];
      if (group != kNoGroup && (found.empty() || found.back() != group)) found.push_back(group);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace ctxcost
