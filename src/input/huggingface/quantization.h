// quantization_config: which tensors a checkpoint stores quantised, and how.
#pragma once

#include "config.h"
#include "ctxcost/model.h"

namespace ctxcost::huggingface {

/// Sets `model.stored` from `quantization_config`; called when groups and tensors are there. A method that is not known
/// leaves it empty and says so in a note.
void read_quantization(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
