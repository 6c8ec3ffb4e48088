#include "ctxcost/input/tensor_file.h"

namespace ctxcost {

Count TensorFile::tensor_bytes() const {
  Count sum;
  for (const FileTensor& tensor : tensors) sum += tensor.bytes;
  return sum;
}

Count TensorFile::elements() const {
  Count sum;
  for (const FileTensor& tensor : tensors) sum += tensor.elements();
  return sum;
}

const GgufValue* TensorFile::find(std::string_view key) const {
  for (const auto& [name, value] : metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

}  // namespace ctxcost
