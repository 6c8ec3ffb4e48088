// What a model's own files hold, by their headers.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// One tensor as the file holds it.
struct FileTensor {
  std::string name;          ///< "model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight"
  std::string type;          ///< in the file's spelling: "BF16", "F8_E4M3"; GGUF: "f16", "q4_k"
  std::vector<Count> shape;  ///< as stored: safetensors rows first, GGUF the row width first
  Count bytes;

  Count elements() const;
};

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
