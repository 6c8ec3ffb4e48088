// What a model's own files hold, by their headers.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/model/tensor_file.h"

namespace ctxcost {

/// All tensors of the safetensors or GGUF files that a model was read from or that stand beside its config.json.
struct ModelFiles {
  enum class Format { safetensors, gguf };

  Format format = Format::safetensors;
  std::string name;                 ///< as shown: "bf16", "Q4_K_M", "fp8 + bf16 + fp32"
  std::vector<FileTensor> tensors;  ///< types by the names of `Precision` where it knows them
  Count elements;
  Count bytes;  ///< without padding
};

}  // namespace ctxcost
