// How a checkpoint itself stores its weights: quantised linears with their scales, the rest in a plain type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// A matrix packed without padding, with a scale (and a zero point) for each tile of it.
struct PackedFormat {
  std::string name;            ///< "fp8", "int4"
  Count bits;                  ///< of one element
  Count tile_rows = 1;         ///< outputs that share a scale; 0 = all
  Count tile_columns = 0;      ///< inputs that share a scale; 0 = all
  Count scale_bits = 0;        ///< for each tile
  Count zero_bits = 0;         ///< for each tile
  Count scales_per_group = 0;  ///< tiles whose scales share one more fp32 scale (double quantisation); 0 = none
  Count column_bytes = 0;      ///< for each input (the group index of GPTQ)
  Count matrix_bytes = 0;      ///< for each matrix (scales of a whole tensor, the shape beside packed integers)

  friend bool operator==(const PackedFormat&, const PackedFormat&) = default;

  /// Bytes of one matrix, scales included.
  Count bytes(Count rows, Count columns) const;
  /// Scales of one matrix; tiles at its edges count whole.
  Count tiles(Count rows, Count columns) const;
};

/// Tensors of some layers that a checkpoint stores in one packed format.
struct StoredRule {
  std::string_view tensor;            ///< GGUF name; a string literal, as in `Tensor`
  bool bias = false;                  ///< the bias of that name instead
  std::vector<std::uint32_t> layers;  ///< ascending; empty = every layer that has the tensor, or outside the layers
  std::size_t format = 0;             ///< index into `formats`

  friend bool operator==(const StoredRule&, const StoredRule&) = default;
};

/// What `quantization_config` says, in terms of the model's tensors. Tensors without a rule are in the model's own
/// type.
struct StoredWeights {
  std::string name;  ///< as shown: "fp8, 128x128 blocks"
  std::vector<PackedFormat> formats;
  std::vector<StoredRule> rules;
  bool known = true;  ///< false: a layout that is named but not known; the bytes are unknown

  friend bool operator==(const StoredWeights&, const StoredWeights&) = default;
};

}  // namespace ctxcost
