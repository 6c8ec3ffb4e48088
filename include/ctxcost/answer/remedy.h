// Settings that help where an answer is no.
#pragma once

#include <string>
#include <string_view>

namespace ctxcost {

/// One changed setting under which a question passes, or more fits, everything else being as it is.
struct Remedy {
  std::string_view setting;  ///< a key of budgets: "context", "kv_precision", "parallel"
  std::string value;         ///< the nearest that helps: "62500", "fp8", "tp=4"

  friend bool operator==(const Remedy&, const Remedy&) = default;
};

}  // namespace ctxcost
