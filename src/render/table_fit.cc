#include "table_fit.h"

#include <algorithm>
#include <numeric>

#include "core/printable.h"

namespace ctxcost {
namespace {

/// Each column stands between "| " and " ", and the last "|" ends the line.
constexpr std::size_t kAroundCell = 3;
constexpr std::size_t kAroundTable = 1;

/// Returns the largest width up to which every column may grow: sum(min(width, max(least, level))) <= room.
std::size_t level_of(std::span<const ColumnNeed> columns, const std::vector<std::size_t>& shown, std::size_t room) {
  std::size_t level = 0;
  const auto needs = [&](std::size_t at) {
    std::size_t sum = 0;
    for (const std::size_t i : shown) sum += std::min(columns[i].width, std::max(columns[i].least, at));
    return sum;
  };
  while (level < room && needs(level + 1) <= room) ++level;
  return level;
}

/// Returns the bytes of the longest start of a text that is at most so many characters wide.
std::size_t bytes_of_columns(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (; columns > 0 && bytes < text.size(); --columns) bytes += first_character(text.substr(bytes)).bytes.size();
  return bytes;
}

}  // namespace

FittedTable fit_table(std::span<const ColumnNeed> columns, std::size_t width) {
  FittedTable fitted;
  const auto total = [&](auto of) {
    return std::accumulate(columns.begin(), columns.end(), kAroundTable,
                           [&](std::size_t sum, const ColumnNeed& column) { return sum + of(column) + kAroundCell; });
  };
  if (columns.empty() || total([](const ColumnNeed& column) { return column.width; }) <= width) return fitted;

  std::vector<std::size_t> order(columns.size());  // the first to be left out is the last
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return columns[a].rank < columns[b].rank; });
  std::size_t least = total([](const ColumnNeed& column) { return column.least; });
  while (least > width && order.size() > 1) {
    least -= columns[order.back()].least + kAroundCell;
    fitted.left_out.push_back(order.back());
    order.pop_back();
  }
  fitted.shown = std::move(order);
  std::sort(fitted.shown.begin(), fitted.shown.end());
  std::sort(fitted.left_out.begin(), fitted.left_out.end());

  const std::size_t around = kAroundTable + kAroundCell * fitted.shown.size();
  const std::size_t room = width > around ? width - around : 1;
  const std::size_t level = level_of(columns, fitted.shown, room);
  fitted.widths.reserve(fitted.shown.size());
  for (const std::size_t i : fitted.shown) {
    fitted.widths.push_back(std::min(columns[i].width, std::max(columns[i].least, level)));
  }
  if (least > width) fitted.widths.front() = room;
  // What is left over goes to the first columns that can use it.
  std::size_t used = std::accumulate(fitted.widths.begin(), fitted.widths.end(), std::size_t{0});
  for (std::size_t i = 0; i < fitted.shown.size() && used < room; ++i) {
    if (fitted.widths[i] >= columns[fitted.shown[i]].width) continue;
    fitted.widths[i] += 1;
    used += 1;
  }
  return fitted;
}

std::size_t longest_word(std::string_view printable_text) {
  std::size_t longest = 0;
  while (!printable_text.empty()) {
    const std::string_view word = printable_text.substr(0, printable_text.find(' '));
    longest = std::max(longest, printable_width(word));
    printable_text.remove_prefix(std::min(word.size() + 1, printable_text.size()));
  }
  return longest;
}

std::vector<std::string_view> wrap(std::string_view printable_text, std::size_t first, std::size_t later,
                                   bool breaks_words) {
  std::vector<std::string_view> lines;
  std::string_view rest = printable_text;
  for (std::size_t room = std::max<std::size_t>(first, 1);; room = std::max<std::size_t>(later, 1)) {
    const std::size_t fits = bytes_of_columns(rest, room);
    if (fits == rest.size()) break;
    // A space right behind the line ends it, too. Spaces in front of the first word are no place to break at.
    const std::size_t word = rest.find_first_not_of(' ');
    std::size_t end = rest.rfind(' ', fits);
    if (end == std::string_view::npos || word == std::string_view::npos || end < word) {
      end = breaks_words ? fits : rest.find(' ', std::min(word, rest.size()));
    }
    if (end == std::string_view::npos) break;
    std::string_view line = rest.substr(0, end);
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    lines.push_back(line);
    rest.remove_prefix(end);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty()) return lines;
  }
  lines.push_back(rest);
  return lines;
}

}  // namespace ctxcost
