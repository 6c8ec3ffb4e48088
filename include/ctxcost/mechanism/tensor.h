// The tensors of a model, from which parameters, weights and linear work are counted.
#pragma once

#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// What a tensor is used for in a forward pass.
enum class TensorUse {
  linear,  ///< a matrix product per token: rows * columns multiply-adds
  lookup,  ///< a table; each token reads one row (embeddings, positions, token types)
  vector,  ///< elementwise: norms, biases, convolution kernels, decay vectors; the mixer counts its work, or nobody
};

/// One tensor, or `copies` identical ones (experts). Names are those of GGUF without the "blk.N." in front [llama.cpp
/// src/llama-arch.cpp], so that an engine's rules for single tensors can be applied.
struct Tensor {
  std::string_view name;  ///< "attn_q", "ffn_down_exps", "attn_norm"; a string literal
  Count columns;          ///< width of a row: the inputs of a linear; block formats divide it
  Count rows = 1;         ///< the outputs of a linear; 1 for a vector
  TensorUse use = TensorUse::linear;
  bool is_bias = false;     ///< the ".bias" that belongs to `name`
  bool in_decode = true;    ///< false: a decode step does not touch it (the K,V projections of cross-attention)
  bool stored = true;       ///< false: it works in this layer, but an earlier one holds it (ALBERT's shared layers)
  Count copies = 1;         ///< E for the routed experts of a layer, or its shared ones
  Count active_copies = 1;  ///< k_e of them, used by one token

  Count elements() const { return columns * rows * copies; }
  Count active_elements() const { return columns * rows * active_copies; }
  /// Returns whether a token uses only some copies. A batch then reads min(copies, batch * active_copies) of them.
  bool routed() const { return active_copies < copies; }
  /// Returns whether the copies are routed experts, even if every token uses all of them. Devices may share them out.
  bool is_routed_expert() const { return name.ends_with("_exps"); }

  friend bool operator==(const Tensor&, const Tensor&) = default;
};

inline Tensor linear(std::string_view name, Count inputs, Count outputs) { return {name, inputs, outputs}; }
inline Tensor vector_of(std::string_view name, Count width) { return {name, width, 1, TensorUse::vector}; }
inline Tensor bias_of(std::string_view name, Count width) {
  Tensor bias{name, width, 1, TensorUse::vector};
  bias.is_bias = true;
  return bias;
}
inline Tensor lookup(std::string_view name, Count width, Count entries) {
  return {name, width, entries, TensorUse::lookup};
}

}  // namespace ctxcost
