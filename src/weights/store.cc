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

namespace {

/// Calls take(fill, n) for each tensor, where fill(stored) makes `stored` that tensor, one of about n in its group.
/// Returns false if tensors are unknown.
template <typename Take>
bool for_each_plain(const Model& model, const Precision& precision, Take&& take) {
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return false;
    for (const Tensor& tensor : *tensors) {
      const auto fill = [&](StoredTensor& stored) {
        fill_plain(stored, tensor, precision);
        stored.group = &group;
        stored.layers = group.layers;
      };
      take(fill, tensors->size());
    }
  }
  for (const ModelTensor& row : model.tensors) {
    const auto fill = [&](StoredTensor& stored) {
      fill_plain(stored, row.tensor, precision);
      stored.group = nullptr;
      stored.layers.clear();
      stored.place = row.place;
    };
    take(fill, std::size_t{1});
  }
  return true;
}

}  // namespace

std::optional<std::vector<StoredTensor>> store_uniformly(const Model& model, const Precision& precision) {
  std::vector<StoredTensor> result;
  const bool known = for_each_plain(model, precision, [&](const auto& fill, std::size_t tensors) {
    // Groups have about as many tensors as the first.
    if (result.empty()) result.reserve(model.groups.size() * tensors + model.tensors.size());
    fill(result.emplace_back());
  });
  if (!known) return std::nullopt;
  return result;
}

bool visit_uniformly(const Model& model, const Precision& precision,
                     const std::function<void(const StoredTensor&)>& visit) {
  StoredTensor stored;
  return for_each_plain(model, precision, [&](const auto& fill, std::size_t) {
    fill(stored);
    visit(stored);
  });
}

}  // namespace ctxcost
