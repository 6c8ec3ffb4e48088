#include "ctxcost/model.h"

#include <algorithm>

namespace ctxcost {

Count Model::layers() const {
  Count sum;
  for (const LayerGroup& group : groups) sum += group.count();
  return sum;
}

bool Model::has_encoder() const {
  return std::any_of(groups.begin(), groups.end(),
                     [](const LayerGroup& group) { return group.stack == Stack::encoder; });
}

bool Model::decodes() const {
  for (const LayerGroup& group : groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      if (!mixer->causal()) return false;
    }
  }
  return std::any_of(groups.begin(), groups.end(),
                     [](const LayerGroup& group) { return group.stack == Stack::decoder; });
}

}  // namespace ctxcost
