#include "ctxcost/deployment/deployment_estimate.h"

#include <algorithm>

namespace ctxcost {

std::string_view PhaseTime::bound() const {
  if (interconnect_seconds && *interconnect_seconds > std::max(compute_seconds, memory_seconds)) return "interconnect";
  return compute_seconds >= memory_seconds ? "compute" : "memory";
}

}  // namespace ctxcost
