// Numbers as people read them, read again.
#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace ctxcost::test {

/// The text without commas between digits: "min(12,345, 3)" becomes "min(12345, 3)".
inline std::string without_separators(std::string_view text) {
  const auto digit = [&](std::size_t i) {
    return i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',' || i == 0 || !digit(i - 1) || !digit(i + 1)) plain += text[i];
  }
  return plain;
}

}  // namespace ctxcost::test
