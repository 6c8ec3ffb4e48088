#include "help_lines.h"

#include <algorithm>

namespace ctxcost::cli {

void append_row(std::string& out, std::string_view left, std::size_t column, std::string_view text) {
  std::string line(left);
  if (column > 0 && line.size() + 2 > column) {
    out += line + "\n";
    line.clear();
  }
  line.resize(column, ' ');
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    if (line.size() > column) {
      if (line.size() + 1 + word.size() > kHelpWidth) {
        out += line + "\n";
        line.assign(column, ' ');
      } else {
        line += ' ';
      }
    }
    line += word;
  }
  out += line + "\n";
}

}  // namespace ctxcost::cli
