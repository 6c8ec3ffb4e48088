// How a checkpoint stores its weights: quantised linears with their scales, and the rest in a plain type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// A format that packs a matrix without padding, with a scale (and a zero point) for each tile.
struct PackedFormat {
  std::string name;            ///< "fp8", "int4"
  Count bits;                  ///< per element
  Count tile_rows = 1;         ///< outputs that share a scale; 0 = all
  Count tile_columns = 0;      ///< inputs that share a scale; 0 = all
  Count scale_bits = 0;        ///< for each tile
  Count zero_bits = 0;         ///< for each tile
  Count scales_per_group = 0;  ///< tiles whose scales share one more fp32 scale (double quantisation); 0 = none
  Count column_bytes = 0;      ///< per input (the group index of GPTQ)
  Count matrix_bytes = 0;      ///< per matrix (scales of a whole tensor, the shape stored with packed integers)

  friend bool operator==(const PackedFormat&, const PackedFormat&) = default;

  /// Returns the bytes of one matrix, scales included.
  Count bytes(Count rows, Count columns) const;
  /// Returns the number of scales of one matrix. Partial tiles at its edges count in full.
  Count tiles(Count rows, Count columns) const;
};

/// A rule: a tensor that some layers of a checkpoint store in one packed format.
struct StoredRule {
  std::string_view tensor;  ///< GGUF name; a string literal, as in `Tensor`
  bool bias = false;        ///< the rule is for the bias of that name
  std::vector<std::uint32_t>
      layers;              ///< ascending; empty = every layer that has the tensor, or a tensor outside the layers
  std::size_t format = 0;  ///< index into `formats`

  friend bool operator==(const StoredRule&, const StoredRule&) = default;
};

/// The contents of `quantization_config`, in terms of the model's tensors. Tensors without a rule have the model's own
/// type.
struct StoredWeights {
  std::string name;  ///< as shown: "fp8, 128x128 blocks"
  std::vector<PackedFormat> formats;
  std::vector<StoredRule> rules;
  bool known = true;  ///< false: the config names an unknown layout, so the bytes are unknown

  friend bool operator==(const StoredWeights&, const StoredWeights&) = default;
};

}  // namespace ctxcost
