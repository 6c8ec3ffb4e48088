// A model as a GGUF file holds it: names, shapes and order of llama.cpp's converter.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ctxcost/model/model.h"

namespace ctxcost {

/// A tensor as the file holds it: `copies` is the third dimension (experts, or the heads of MLA), so that a stack of
/// experts is one tensor.
struct GgufTensor {
  Tensor tensor;
  bool named_weight = true;  ///< its name ends in ".weight"
  Place place = Place::other;
};

/// Layers that hold the same tensors.
struct GgufLayers {
  const LayerGroup* group;
  std::vector<std::uint32_t> layers;  ///< ascending
  std::vector<GgufTensor> tensors;    ///< sorted by name, as llama.cpp visits them
};

struct GgufModel {
  std::vector<GgufTensor> tensors;  ///< outside the layers
  std::vector<GgufLayers> groups;
  Count layers;                   ///< of the file, next-token layers included
  Count experts = 0;              ///< routed experts of the layers that have them
  Count queries_per_kv_head = 0;  ///< of layer 0; 0 if that has no attention
  bool tied = false;              ///< the file has no "output" tensor
  bool protects_outputs = false;  ///< as `GgufTraits`
  bool is_70b = false;            ///< llama.cpp's own size class "70B"
};

/// Empty if tensors of the model are unknown.
std::optional<GgufModel> gguf_model(const Model& model);

/// Returns whether quantisation leaves the tensor as the converter writes it.
bool keeps_its_type(const GgufTensor& tensor);
/// Returns whether the converter writes it in fp32 regardless of the file's type.
bool always_fp32(const GgufTensor& tensor);

}  // namespace ctxcost
