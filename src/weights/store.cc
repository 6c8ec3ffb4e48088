#include "store.h"

namespace ctxcost {

StoredTensor plain(const Tensor& tensor, const Precision& precision) {
  StoredTensor stored;
  stored.tensor = tensor;
  stored.type = precision.name();
  stored.row_bytes = precision.row_bytes(tensor.columns);
  stored.bytes = tensor.copies * tensor.rows * stored.row_bytes;
  return stored;
}

std::optional<std::vector<StoredTensor>> store_uniformly(const Model& model, const Precision& precision) {
  std::vector<StoredTensor> result;
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    for (const Tensor& tensor : *tensors) {
      StoredTensor stored = plain(tensor, precision);
      stored.group = &group;
      stored.layers = group.layers;
      result.push_back(std::move(stored));
    }
  }
  for (const auto& [place, tensor] : model.tensors) {
    result.push_back(plain(tensor, precision));
    result.back().place = place;
  }
  return result;
}

}  // namespace ctxcost
