// Formats messages and numbers with fmt, which is compiled once, in core/format.cc.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <string>
#include <utility>

namespace ctxcost {

/// fmt::vformat, out of line.
std::string format_arguments(fmt::string_view text, fmt::format_args arguments);

/// Room for any double as `write_shortest` writes it.
inline constexpr std::size_t kMostReal = 32;
/// Writes a double as format("{}", value) does, in the fewest digits that read back the same. Returns their end.
char* write_shortest(char* to, double value);

/// Formats a text with {} fields. The format is checked at compile time. [fmt, "Format String Syntax"]
template <typename... Arguments>
std::string format(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return format_arguments(text, fmt::make_format_args(arguments...));
}

}  // namespace ctxcost
