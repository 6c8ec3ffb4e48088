// The one place where fmt is compiled: Debian has no static library of it.
#define FMT_HEADER_ONLY 1
#include "format.h"

#include <fmt/compile.h>
#include <fmt/format.h>

namespace ctxcost {

std::string format_arguments(fmt::string_view text, fmt::format_args arguments) {
  return fmt::vformat(text, arguments);
}

char* write_shortest(char* to, double value) { return fmt::format_to(to, FMT_COMPILE("{}"), value); }

}  // namespace ctxcost
