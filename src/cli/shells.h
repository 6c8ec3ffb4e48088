// Completions: for each shell a short script that asks the program what may stand next.
#pragma once

#include <span>
#include <string_view>

namespace ctxcost::cli {

struct Shell {
  std::string_view name;    ///< "bash"
  std::string_view script;  ///< what the shell reads
};

/// The shells in the order in which they are shown.
std::span<const Shell> shells();

}  // namespace ctxcost::cli
