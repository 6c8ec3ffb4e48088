// What llama.cpp does with a family of models and no key of its config says.
#pragma once

#include <cstdint>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// Of which models of 80 layers llama.cpp says "70B" and gives the values more bits.
enum class Class70b : std::uint8_t { none, grouped, all };  // grouped: those whose query heads share KV heads

/// What others ask of a family instead of its name. The defaults are those of most.
struct GgufTraits {
  // The file, as the converter and the quantiser write it [llama.cpp conversion/*.py, src/llama-quant.cpp].
  bool fused_qkv = false;          ///< queries, keys and values stay the one matrix that the checkpoint holds
  bool fused_gate_up = false;      ///< gate and up are one matrix "ffn_up" of twice the width
  bool gate_in_query = false;      ///< the query projection yields the output gate, too
  bool long_rope_tables = false;   ///< the file has the tables of long and short RoPE factors
  bool next_token_layers = false;  ///< the layers for next-token prediction are in the file, and get a cache
  bool protects_outputs = false;   ///< the head and the projections down have rules of their own, with more bits
  Class70b class_70b = Class70b::none;
  Count token_rows = 0;  ///< rows of the embedding at most, those that the tokenizer names; 0 = all

  // The runtime [src/models/*.cpp].
  bool windows = false;       ///< layers with a window keep its tokens alone; else the window is not looked at
  Count windowed_layers = 0;  ///< only models of that many layers do; 0 = all
  Count window = 0;           ///< in the place of the config's; 0 = the config's
};

}  // namespace ctxcost
