// docs/accuracy.md says how many figures the program reproduces. Each row and each count in a sentence is held by the
// test that counts: it asks for the row here.
#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace ctxcost::test {

inline std::string accuracy_page() {
  std::ifstream file(std::string(CTXCOST_SOURCE_DIR) + "/docs/accuracy.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether the page has the row "| WHAT | MATCHING of ALL |", among others in its line.
inline bool accuracy_row(std::string_view what, std::size_t matching, std::size_t all) {
  const std::string row =
      "| " + std::string(what) + " | " + std::to_string(matching) + " of " + std::to_string(all) + " |";
  return accuracy_page().find(row) != std::string::npos;
}

/// Whether a sentence of the page, its lines joined by spaces, has these words.
inline bool accuracy_says(std::string_view words) {
  std::string page = accuracy_page();
  for (char& c : page) c = c == '\n' ? ' ' : c;
  return page.find(words) != std::string::npos;
}

}  // namespace ctxcost::test
