// The vision tower of Qwen3-VL and Qwen3.5.
#pragma once

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// Adds it as a part, where the file has a vision_config: patches by a convolution over time and space, learned
/// positions, pre-norm blocks with biases everywhere, a merger of 2 x 2 patches, and one more merger for each of
/// deepstack_visual_indexes. [transformers modular_qwen3_vl.py, modular_qwen3_5.py]
void add_qwen3_vision(const Config& config, Model& model);

}  // namespace ctxcost::huggingface
