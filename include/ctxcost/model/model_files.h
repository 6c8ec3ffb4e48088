// The contents of a model's own files, as read from their headers.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// One tensor as stored in the file.
struct FileTensor {
  std::string name;          ///< "model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight"
  std::string type;          ///< in the file's spelling: "BF16", "F8_E4M3"; GGUF: "f16", "q4_k"
  std::vector<Count> shape;  ///< as stored: safetensors rows first, GGUF the row width first
  Count bytes;

  Count elements() const;
};

/// All tensors of the safetensors or GGUF files that a model was read from, or that lie beside its config.json.
struct ModelFiles {
  enum class Format { safetensors, gguf };

  Format format = Format::safetensors;
  std::string name;                 ///< as shown: "bf16", "Q4_K_M", "fp8 + bf16 + fp32"
  std::vector<FileTensor> tensors;  ///< with the names of `Precision` for the types that it knows
  Count elements;
  Count bytes;  ///< without padding
};

}  // namespace ctxcost
