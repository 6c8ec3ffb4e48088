// The files with a model's weights beside its description.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/input/tensor_file.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Adds the tensors of its files to a model, and accounts for elements that its parameters do not explain.
void attach_files(Model& model, ModelFiles::Format format, std::vector<TensorFile> files);

/// Returns the GGUF models of a directory, sorted, each once (a split model by its first part). Projectors of vision
/// towers ("mmproj-…") are left out.
std::vector<std::string> gguf_models_in(const std::string& directory);

}  // namespace ctxcost
