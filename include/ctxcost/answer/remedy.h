// Changes of a setting that turn a negative answer into a positive one.
#pragma once

#include <string>
#include <string_view>

namespace ctxcost {

/// One changed setting with which a question passes or more fits, all other settings unchanged.
struct Remedy {
  std::string_view setting;  ///< a key of budgets: "context", "kv_precision", "parallel"
  std::string value;         ///< the nearest value that helps: "62500", "fp8", "tp=4"

  friend bool operator==(const Remedy&, const Remedy&) = default;
};

}  // namespace ctxcost
