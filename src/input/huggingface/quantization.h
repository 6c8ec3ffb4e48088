// quantization_config: which tensors a checkpoint stores quantised, and how.
#pragma once

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Sets `model.stored`, and `model.kv` where the cache's type is named, from `quantization_config`, else from `beside`:
/// the "quantization" of ModelOpt's hf_quant_config.json in the same directory, or null. Call it after groups and
/// tensors are set. Where the file does not say what a checkpoint holds, the weights are unknown. Notes report both.
/// A layout that the family has set itself is left alone.
void read_quantization(const Config& config, const Config* beside, Model& model);

}  // namespace ctxcost::huggingface
