// How llama.cpp treats a family of models, where no key of the config tells.
#pragma once

#include <cstdint>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// Which 80-layer models llama.cpp classes as "70B". It gives their value projections more bits.
enum class Class70b : std::uint8_t { none, grouped, all };  // grouped: only models whose query heads share KV heads

/// Properties of a family, so that other code need not compare names. The defaults fit most families.
struct GgufTraits {
  // The file, as the converter and the quantiser write it [llama.cpp conversion/*.py, src/llama-quant.cpp].
  bool fused_qkv = false;          ///< queries, keys and values stay one matrix, as in the checkpoint
  bool fused_gate_up = false;      ///< gate and up are one matrix "ffn_up" of twice the width
  bool gate_in_query = false;      ///< the query projection yields the output gate, too
  bool long_rope_tables = false;   ///< the file holds tables of long and short RoPE factors
  bool next_token_layers = false;  ///< the file holds the next-token-prediction layers, and they get a cache
  bool protects_outputs = false;   ///< the head and the down projections have their own rules, with more bits
  Class70b class_70b = Class70b::none;
  Count token_rows = 0;  ///< the most rows of the embedding, those that the tokenizer names; 0 = all

  // The runtime [src/models/*.cpp].
  bool windows = false;       ///< layers with a window keep only its tokens; false: the window is ignored
  Count windowed_layers = 0;  ///< only models with this many layers do so; 0 = all
  Count window = 0;           ///< replaces the config's window; 0 = the config's
};

}  // namespace ctxcost
