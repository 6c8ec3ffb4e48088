// Reads the tables of a Markdown text as GitHub does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::test {

/// A head, the line below it, and rows: the cells of each.
using MarkdownTable = std::vector<std::vector<std::string>>;

/// Cells of a line that starts with `|`: parted at each `|` that no backslash stands before, in code spans as well.
/// [GitHub Flavored Markdown Spec, section 4.10]
inline std::vector<std::string> markdown_cells(std::string_view line) {
  std::vector<std::string> cells = {""};
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|') {
      cells.emplace_back();
      continue;
    }
    cells.back() += line[i];
    if (line[i] == '\\' && i + 1 < line.size()) cells.back() += line[++i];
  }
  cells.pop_back();  // behind the last `|`
  return cells;
}

/// Blocks of lines that start with `|`, outside fenced code.
inline std::vector<MarkdownTable> markdown_tables(std::string_view text) {
  std::vector<MarkdownTable> tables;
  bool inside = false, code = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + (line.size() < text.size() ? 1 : 0));
    if (line.starts_with("```")) code = !code;
    const bool row = !code && line.starts_with('|');
    if (row && !inside) tables.emplace_back();
    inside = row;
    if (row) tables.back().push_back(markdown_cells(line));
  }
  return tables;
}

}  // namespace ctxcost::test
