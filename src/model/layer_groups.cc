#include "layer_groups.h"

#include <algorithm>
#include <utility>

namespace ctxcost {
namespace {

bool identical_layers(const LayerGroup& a, const LayerGroup& b) {
  return a.stack == b.stack && a.feed_forward == b.feed_forward && a.extras == b.extras &&
         std::equal(a.mixers.begin(), a.mixers.end(), b.mixers.begin(), b.mixers.end(),
                    [](const auto& x, const auto& y) { return same_mixer(*x, *y); });
}

}  // namespace

bool same_mixer(const Mixer& a, const Mixer& b) {
  return a.kind() == b.kind() && a.shape() == b.shape() && a.settings().all() == b.settings().all();
}

void change_layers(Model& model, Stack stack, const std::function<bool(std::uint32_t)>& chosen,
                   const std::function<void(LayerGroup&)>& change) {
  std::vector<LayerGroup> groups;
  const auto add = [&groups](LayerGroup group) {
    if (group.layers.empty()) return;
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&group](const LayerGroup& other) { return identical_layers(other, group); });
    if (same == groups.end()) {
      groups.push_back(std::move(group));
      return;
    }
    same->layers.insert(same->layers.end(), group.layers.begin(), group.layers.end());
    std::sort(same->layers.begin(), same->layers.end());
  };
  for (LayerGroup& group : model.groups) {
    if (group.stack != stack) {
      add(std::move(group));
      continue;
    }
    LayerGroup changed = group;
    std::erase_if(changed.layers, [&chosen](std::uint32_t layer) { return !chosen(layer); });
    std::erase_if(group.layers, chosen);
    if (!changed.layers.empty()) change(changed);
    add(std::move(group));
    add(std::move(changed));
  }
  std::stable_sort(groups.begin(), groups.end(), [](const LayerGroup& a, const LayerGroup& b) {
    return a.stack == b.stack ? a.layers.front() < b.layers.front() : a.stack < b.stack;
  });
  model.groups = std::move(groups);
}

}  // namespace ctxcost
