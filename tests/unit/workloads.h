// Workloads from the words of options.
#pragma once

#include <string_view>

#include "ctxcost/estimate/workload.h"

namespace ctxcost {

/// `kv` may be empty: the model's own.
inline Workload workload(std::string_view convention, std::string_view kv, Logits logits) {
  Workload workload;
  workload.convention = parse_convention(convention);
  if (!kv.empty()) workload.kv = parse_kv_precision(kv, "test");
  workload.logits = logits;
  return workload;
}

}  // namespace ctxcost
