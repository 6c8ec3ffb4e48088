#include "ctxcost/model/model.h"

#include <algorithm>

namespace ctxcost {

void Model::set_precision(const Precision& precision) {
  const Format& format = precision.format();
  weights = precision;
  if (format.model_type && format.block_bytes >= 2) activation = precision;
  if (format.model_type) kv.key = kv.value = precision;
}

Count Model::layers() const {
  Count sum;
  for (const LayerGroup& group : groups) sum += group.count();
  return sum;
}

bool Model::has_encoder() const {
  return std::any_of(groups.begin(), groups.end(),
                     [](const LayerGroup& group) { return group.stack == Stack::encoder; });
}

bool Model::shares_weights() const {
  return std::any_of(groups.begin(), groups.end(), [](const LayerGroup& group) {
    return group.feed_forward.shares_weights ||
           std::any_of(group.mixers.begin(), group.mixers.end(),
                       [](const std::shared_ptr<const Mixer>& mixer) { return mixer->shape().shares_weights; });
  });
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

std::optional<std::vector<Tensor>> Model::layer_tensors(const LayerGroup& group) const {
  if (!d_model) return std::nullopt;
  constexpr std::size_t kUsualTensors = 16;
  std::vector<Tensor> all;
  all.reserve(kUsualTensors);
  all.insert(all.end(), group.extras.begin(), group.extras.end());
  const auto append = [&all](const std::optional<std::vector<Tensor>>& more) {
    if (more) all.insert(all.end(), more->begin(), more->end());
    return more.has_value();
  };
  for (const auto& mixer : group.mixers) {
    if (!append(mixer->tensors())) return std::nullopt;
  }
  if (!append(group.feed_forward.tensors(d_model))) return std::nullopt;
  std::erase_if(all, [](const Tensor& tensor) { return !tensor.stored; });
  return all;
}

}  // namespace ctxcost
