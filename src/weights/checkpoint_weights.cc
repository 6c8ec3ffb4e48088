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
  if (named.empty()) {
    taken.swap(open);
    return taken;
  }
  std::set_intersection(open.begin(), open.end(), named.begin(), named.end(), std::back_inserter(taken));
  std::vector<std::uint32_t> rest;
  std::set_difference(open.begin(), open.end(), named.begin(), named.end(), std::back_inserter(rest));
  open = std::move(rest);
  return taken;
}

StoredTensor packed(const Tensor& tensor, const PackedFormat& format) {
  StoredTensor stored;
  stored.tensor = tensor;
  stored.type = format.name;
  stored.bytes = tensor.copies * format.bytes(tensor.rows, tensor.columns);
  stored.row_bytes = format.bytes(1, tensor.columns);
  return stored;
}

}  // namespace

std::optional<std::vector<StoredTensor>> store_as_checkpoint(const Model& model) {
  const StoredWeights& weights = *model.stored;
  if (!weights.known) return std::nullopt;
  std::vector<StoredTensor> result;
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    for (const Tensor& tensor : *tensors) {
      std::vector<std::uint32_t> open = group.layers;
      const auto add = [&](StoredTensor stored, std::vector<std::uint32_t> layers) {
        stored.group = &group;
        stored.layers = std::move(layers);
        if (!stored.layers.empty()) result.push_back(std::move(stored));
      };
      for (const StoredRule& rule : weights.rules) {
        if (open.empty()) break;
        if (!names(rule, tensor)) continue;
        add(packed(tensor, weights.formats[rule.format]), take(open, rule.layers));
      }
      add(plain(tensor, model.activation), std::move(open));
    }
  }
  for (const auto& [place, tensor] : model.tensors) {
    StoredTensor stored = plain(tensor, model.activation);
    for (const StoredRule& rule : weights.rules) {
      if (!names(rule, tensor)) continue;
      stored = packed(tensor, weights.formats[rule.format]);
      break;
    }
    stored.place = place;
    result.push_back(std::move(stored));
  }
  return result;
}

}  // namespace ctxcost
