#include "ctxcost/answer/verdict.h"

#include <cstddef>

namespace ctxcost {

std::string_view name(Verdict verdict) {
  static constexpr std::string_view kNames[] = {"pass", "warn", "fail", "error"};
  return kNames[static_cast<std::size_t>(verdict)];
}

}  // namespace ctxcost
