// Element types of weights, activations and cache: torch_dtype or dtype.
#pragma once

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Sets `weights`, `activation` and `kv`; bf16 with a note if the file names no type.
void read_types(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
