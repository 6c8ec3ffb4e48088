// quantization_config: which tensors a checkpoint stores quantised, and how.
#pragma once

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Sets `model.stored`, and `model.kv` where the cache's type is named, from `quantization_config`, else from `beside`:
/// the "quantization" of ModelOpt's hf_quant_config.json in the same directory, or null. Called when groups and tensors
/// are there. A method that is not known leaves `stored` empty, a layout that is not known makes the weights unknown;
/// notes say so.
void read_quantization(const Config& config, const Config* beside, Model& model);

}  // namespace ctxcost::huggingface
