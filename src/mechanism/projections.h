// Functions with which mixers list their tensors.
#pragma once

#include <string_view>
#include <vector>

#include "ctxcost/mechanism/tensor.h"

namespace ctxcost {

/// Adds a linear, with its bias where it has one.
inline void project(std::vector<Tensor>& tensors, std::string_view name, Count inputs, Count outputs,
                    bool bias = false) {
  tensors.push_back(linear(name, inputs, outputs));
  if (bias) tensors.push_back(bias_of(name, outputs));
}

/// Parameters of rows * columns that no matrix product of a token uses: kernels, decay matrices. [rows, columns]
inline Tensor table_of(std::string_view name, Count rows, Count columns) {
  return {name, columns, rows, TensorUse::vector};
}

/// The kernel of a depthwise convolution over `channels`. [channels, kernel]
inline Tensor convolution_of(std::string_view name, Count channels, Count kernel) {
  return table_of(name, channels, kernel);
}

}  // namespace ctxcost
