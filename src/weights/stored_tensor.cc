#include "ctxcost/weights/stored_tensor.h"

namespace ctxcost {

std::vector<StoredType> sum_by_type(const std::vector<StoredTensor>& tensors) {
  std::vector<StoredType> sums;
  for (const StoredTensor& stored : tensors) {
    StoredType* sum = nullptr;
    for (StoredType& known : sums) {
      if (known.type == stored.type) sum = &known;
    }
    if (sum == nullptr) sum = &sums.emplace_back(StoredType{stored.type, 0, 0, 0});
    sum->tensors += stored.count();
    sum->elements += stored.count() * stored.tensor.elements();
    sum->bytes += stored.count() * stored.bytes;
  }
  return sums;
}

}  // namespace ctxcost
