// The kinds of weight scheme: each turns a model into stored tensors.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ctxcost/core/precision.h"
#include "ctxcost/model/model.h"
#include "ctxcost/weights/stored_tensor.h"

namespace ctxcost {

struct GgufFileType;

/// One tensor in rows of whole blocks.
StoredTensor plain(const Tensor& tensor, const Precision& precision);
/// Makes `stored` such a tensor; its group, layers and place stay.
void fill_plain(StoredTensor& stored, const Tensor& tensor, const Precision& precision);

/// Stores every tensor in that type.
std::optional<std::vector<StoredTensor>> store_uniformly(const Model& model, const Precision& precision);

/// Visits them one by one. Returns false if tensors are unknown.
bool visit_uniformly(const Model& model, const Precision& precision,
                     const std::function<void(const StoredTensor&)>& visit);

/// Stores tensors by the rules of `model.stored`, and the rest in `model.activation`.
std::optional<std::vector<StoredTensor>> store_as_checkpoint(const Model& model);

/// Takes the types and exact bytes of the headers of `model.files`.
std::optional<std::vector<StoredTensor>> store_as_files(const Model& model);

/// Stores tensors as llama.cpp writes and quantises a file of that type. [gguf_file_types.cc]
std::optional<std::vector<StoredTensor>> store_as_gguf(const Model& model, const GgufFileType& type,
                                                       bool mxfp4_experts);

}  // namespace ctxcost
