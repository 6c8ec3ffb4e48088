// The shapes of the documents that commands write. A new one is a file of its own and a line here.
#include "document.h"

namespace ctxcost {

extern const DocumentShape kScaleShape;

std::span<const DocumentShape* const> document_shapes() {
  static constexpr const DocumentShape* kAll[] = {&kScaleShape};
  return kAll;
}

}  // namespace ctxcost
