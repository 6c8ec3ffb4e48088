// The readers that families.cc lists; each is defined in the file named after its family.
#pragma once

#include "family.h"

namespace ctxcost::huggingface {

void read_llama(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
