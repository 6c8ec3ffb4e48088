// Weights as the headers of the model's files give them: GGUF tensors by their names, which are ours; safetensors
// tensors, whose names depend on each family's code, as the config describes them. The rest is one more tensor, so that
// the sum equals that of the files.
#include <array>
#include <unordered_map>

#include "store.h"

namespace ctxcost {
namespace {

/// Tensors of a file that replace one of ours: fused projections, and the two halves of MLA's.
struct Substitute {
  std::string_view ours;
  std::array<std::string_view, 2> theirs;
};
constexpr Substitute kSubstitutes[] = {
    {"attn_q", {"attn_qkv"}},
    {"attn_k", {"attn_qkv"}},
    {"attn_v", {"attn_qkv"}},
    {"attn_gate", {"attn_q"}},
    {"attn_kv_b", {"attn_k_b", "attn_v_b"}},
    {"ffn_gate", {"ffn_up"}},
    {"ffn_gate_exps", {"ffn_gate_up_exps"}},
    {"ffn_up_exps", {"ffn_gate_up_exps"}},
    {"ffn_gate_inp", {"exp_probs_b"}},  // its bias
};

class GgufTensors {
 public:
  explicit GgufTensors(const std::vector<FileTensor>& tensors) {
    for (const FileTensor& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
  }

  /// A tensor as the file holds it; `prefix` is "blk.7." or empty. Empty where it has none of that name.
  std::optional<StoredTensor> find(const Tensor& tensor, const std::string& prefix) const {
    const FileTensor* found = at(prefix, tensor.name, tensor.is_bias);
    if (found != nullptr) return share(tensor, found->type, found->bytes, found->elements());
    for (const Substitute& substitute : kSubstitutes) {
      if (substitute.ours != tensor.name) continue;
      Count bytes, elements;
      std::string_view type;
      for (const std::string_view name : substitute.theirs) {
        const FileTensor* part = name.empty() ? nullptr : at(prefix, name, tensor.is_bias);
        if (part == nullptr) continue;
        bytes += part->bytes;
        elements += part->elements();
        type = part->type;
      }
      if (elements > 0) return share(tensor, type, bytes, elements);
    }
    return std::nullopt;
  }

 private:
  const FileTensor* at(const std::string& prefix, std::string_view name, bool bias) const {
    const std::string base = prefix + std::string(name);
    for (const std::string& full : {base + (bias ? ".bias" : ".weight"), base}) {
      const auto found = by_name_.find(full);
      if (found != by_name_.end()) return found->second;
    }
    return nullptr;
  }

  /// Returns our part of `bytes`: all of them, unless the file's tensor is fused and holds more elements than ours.
  static StoredTensor share(const Tensor& tensor, std::string_view type, Count bytes, Count elements) {
    StoredTensor stored;
    stored.tensor = tensor;
    stored.type = type;
    stored.bytes = elements > tensor.elements() ? bytes * tensor.elements() / elements : bytes;
    stored.row_bytes = ceil_div(stored.bytes, max(tensor.rows * tensor.copies, 1));
    return stored;
  }

  std::unordered_map<std::string_view, const FileTensor*> by_name_;
};

std::optional<std::vector<StoredTensor>> store_by_name(const Model& model) {
  const GgufTensors file(model.files->tensors);
  std::vector<StoredTensor> result;
  for (const LayerGroup& group : model.groups) {
    const std::optional<std::vector<Tensor>> tensors = model.layer_tensors(group);
    if (!tensors) return std::nullopt;
    for (const Tensor& tensor : *tensors) {
      // Layers whose tensor has the same type and bytes are one entry.
      const std::size_t first = result.size();
      for (const std::uint32_t layer : group.layers) {
        std::optional<StoredTensor> stored = file.find(tensor, "blk." + std::to_string(layer) + ".");
        if (!stored) continue;
        std::size_t same = first;
        while (same < result.size() && (result[same].type != stored->type || result[same].bytes != stored->bytes)) {
          ++same;
        }
        if (same == result.size()) {
          stored->group = &group;
          result.push_back(*std::move(stored));
        }
        result[same].layers.push_back(layer);
      }
    }
  }
  for (const auto& [place, tensor] : model.tensors) {
    std::optional<StoredTensor> stored = file.find(tensor, "");
    if (!stored) continue;
    stored->place = place;
    result.push_back(*std::move(stored));
  }
  return result;
}

Count total_bytes(const std::vector<StoredTensor>& tensors) {
  Count sum;
  for (const StoredTensor& stored : tensors) sum += stored.count() * stored.bytes;
  return sum;
}

}  // namespace

std::optional<std::vector<StoredTensor>> store_as_files(const Model& model) {
  std::optional<std::vector<StoredTensor>> result;
  if (model.files->format == ModelFiles::Format::gguf) {
    result = store_by_name(model);
  } else if (model.stored && model.stored->known) {
    result = store_as_checkpoint(model);
  } else {
    result = store_uniformly(model, model.weights);
  }
  if (!result) return result;

  const Count held = model.files->bytes;
  Count ours = total_bytes(*result);
  if (ours > held) {
    // The config does not describe these files, and the reader has noted that. Each tensor takes its share of the
    // bytes.
    for (StoredTensor& stored : *result) {
      stored.bytes = stored.bytes * held / ours;
      stored.row_bytes = stored.row_bytes * held / ours;
    }
    ours = total_bytes(*result);
  }
  if (ours < held) {
    Count elements;
    for (const StoredTensor& stored : *result) elements += stored.count() * stored.tensor.elements();
    StoredTensor rest;
    rest.tensor = vector_of("other tensors of the files", minus_or_zero(model.files->elements, elements));
    rest.tensor.in_decode = false;
    rest.type = "as stored";
    rest.bytes = rest.row_bytes = held - ours;
    result->push_back(std::move(rest));
  }
  return result;
}

}  // namespace ctxcost
