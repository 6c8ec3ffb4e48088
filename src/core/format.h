// Formats messages and numbers with fmt, which is compiled once, in core/format.cc.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

namespace ctxcost {

/// fmt::vformat, out of line.
std::string format_arguments(fmt::string_view text, fmt::format_args arguments);

/// Formats a text with {} fields. The format is checked at compile time. [fmt, "Format String Syntax"]
template <typename... Arguments>
std::string format(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return format_arguments(text, fmt::make_format_args(arguments...));
}

}  // namespace ctxcost
