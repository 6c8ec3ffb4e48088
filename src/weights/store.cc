#include "store.h"

namespace ctxcost {

void fill_plain(StoredTensor& stored, const Tensor& tensor, const Precision& precision) {
  stored.tensor = tensor;
  stored.type = precision.name();
  stored.row_bytes = precision.row_bytes(tensor.columns);
  stored.bytes = tensor.copies * tensor.rows * stored.row_bytes;
}

StoredTensor plain(const Tensor& tensor, const Precision& precision) {
  StoredTensor stored;
  fill_plain(stored, tensor, precision);
  return stored;
}

std::optional<std::vector<StoredTensor>> store_uniformly(const Model& model, const Precision& precision) {
  std::vector<StoredTensor> result;
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    // Groups have about as many tensors as the first.
    if (result.empty()) result.reserve(model.groups.size() * tensors->size() + model.tensors.size());
    for (const Tensor& tensor : *tensors) {
      StoredTensor& stored = result.emplace_back();
      fill_plain(stored, tensor, precision);
      stored.group = &group;
      stored.layers = group.layers;
    }
  }
  for (const auto& [place, tensor] : model.tensors) {
    StoredTensor& stored = result.emplace_back();
    fill_plain(stored, tensor, precision);
    stored.place = place;
  }
  return result;
}

}  // namespace ctxcost
