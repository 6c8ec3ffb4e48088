#include "ctxcost/model/model_files.h"

namespace ctxcost {

Count FileTensor::elements() const {
  Count product = 1;
  for (const Count extent : shape) product *= extent;
  return product;
}

}  // namespace ctxcost
