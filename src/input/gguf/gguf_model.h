// A model from the metadata of its GGUF file.
#pragma once

#include <vector>

#include "ctxcost/input/input.h"
#include "ctxcost/input/tensor_file.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Turns `general.architecture` and the keys under its name into the config.json that llama.cpp's converter read, and
/// reads that. `parts` are the files of one model, the first with the metadata. Throws InputError naming the GGUF key.
Model model_from_gguf(const std::vector<TensorFile>& parts, const LoadOptions& options);

}  // namespace ctxcost
