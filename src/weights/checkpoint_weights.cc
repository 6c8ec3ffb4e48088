// Weights as a checkpoint stores them: each tensor follows its rule in `quantization_config`.
#include <algorithm>
#include <iterator>

#include "store.h"

namespace ctxcost {
namespace {

/// Some layers of a tensor, with the format that its rules give them.
struct Share {
  std::size_t format;
  std::vector<std::uint32_t> layers;
};

bool names(const StoredRule& rule, const Tensor& tensor) {
  return rule.tensor == tensor.name && rule.bias == tensor.is_bias;
}

/// Takes from `open` the layers that a rule names (all of them when it names none).
std::vector<std::uint32_t> take(std::vector<std::uint32_t>& open, const std::vector<std::uint32_t>& named) {
  std::vector<std::uint32_t> taken;
  if (named.empty() || named == open) {
    taken.swap(open);
    return taken;
  }
  std::set_intersection(open.begin(), open.end(), named.begin(), named.end(), std::back_inserter(taken));
  std::vector<std::uint32_t> rest;
  std::set_difference(open.begin(), open.end(), named.begin(), named.end(), std::back_inserter(rest));
  open = std::move(rest);
  return taken;
}

void fill_packed(StoredTensor& stored, const Tensor& tensor, const PackedFormat& format) {
  stored.tensor = tensor;
  stored.type = format.name;
  stored.bytes = tensor.copies * format.bytes(tensor.rows, tensor.columns);
  stored.row_bytes = format.bytes(1, tensor.columns);
}

}  // namespace

std::optional<std::vector<StoredTensor>> store_as_checkpoint(const Model& model) {
  const StoredWeights& weights = *model.stored;
  if (!weights.known) return std::nullopt;
  std::vector<StoredTensor> result;
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    // Groups have about as many tensors as the first.
    if (result.empty()) result.reserve(model.groups.size() * tensors->size() + model.tensors.size());
    for (const Tensor& tensor : *tensors) {
      std::vector<std::uint32_t> open = group.layers;
      for (const StoredRule& rule : weights.rules) {
        if (open.empty()) break;
        if (!names(rule, tensor)) continue;
        std::vector<std::uint32_t> layers = take(open, rule.layers);
        if (layers.empty()) continue;
        StoredTensor& stored = result.emplace_back();
        fill_packed(stored, tensor, weights.formats[rule.format]);
        stored.group = &group;
        stored.layers = std::move(layers);
      }
      if (open.empty()) continue;
      StoredTensor& stored = result.emplace_back();
      fill_plain(stored, tensor, model.activation);
      stored.group = &group;
      stored.layers = std::move(open);
    }
  }
  for (const auto& [place, tensor] : model.tensors) {
    const auto rule = std::find_if(weights.rules.begin(), weights.rules.end(),
                                   [&tensor = tensor](const StoredRule& one) { return names(one, tensor); });
    StoredTensor& stored = result.emplace_back();
    if (rule == weights.rules.end()) {
      fill_plain(stored, tensor, model.activation);
    } else {
      fill_packed(stored, tensor, weights.formats[rule->format]);
    }
    stored.place = place;
  }
  return result;
}

}  // namespace ctxcost
