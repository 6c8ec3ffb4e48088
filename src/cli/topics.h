// The topics of `ctxcost help TOPIC`. A new one is a row of the table in topics.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ctxcost::cli {

struct Topic {
  std::string_view name;     ///< "exit-status"
  std::string_view summary;  ///< one line
  std::string (*text)();     ///< its lines, made of the tables that the program reads by
};

/// The topics in the order in which they are shown.
std::span<const Topic> topics();

}  // namespace ctxcost::cli
