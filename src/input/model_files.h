// The files with a model's weights beside its description.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/input/tensor_file.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Gives the model the tensors of its files, and accounts for elements that its parameters do not explain.
void attach_files(Model& model, ModelFiles::Format format, std::vector<TensorFile> files);

/// The GGUF models of a directory, each once (a split one by its first part), sorted. Projectors of vision towers
/// ("mmproj-…") are none.
std::vector<std::string> gguf_models_in(const std::string& directory);

}  // namespace ctxcost
