// How a table and long lines fit a text of so many columns.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace ctxcost {

/// A text of up to so many columns of text stays on one line of its cell: it is a number with its unit, or a name.
inline constexpr std::size_t kWholeCell = 16;

/// What a column of a table needs.
struct ColumnNeed {
  std::size_t width = 0;  ///< of the widest of its texts
  std::size_t least = 0;  ///< it cannot be narrower
  unsigned rank = 0;      ///< columns of higher ranks are left out first, and of one rank the last
};

/// The columns that are shown, and how wide each is. Both are empty where every column is shown as wide as it needs.
struct FittedTable {
  std::vector<std::size_t> shown;     ///< indices, ascending
  std::vector<std::size_t> widths;    ///< of those
  std::vector<std::size_t> left_out;  ///< indices, ascending
  bool is_fitted() const { return !shown.empty(); }
};

/// Fits a table, "| a | b |", into so many columns of text. Texts are wrapped first, as evenly as it takes; what does
/// not fit even so is left out. One column always stays, however narrow the text.
FittedTable fit_table(std::span<const ColumnNeed> columns, std::size_t width);

/// Returns the width of the longest run of a printable text that has no space.
std::size_t longest_word(std::string_view printable_text);

/// Breaks a printable text at spaces into lines, the first of at most `first` columns and the others of at most
/// `later`. The lines are parts of the text, without the spaces that they were broken at. A word that is longer than a
/// line stays whole, and its line is too long, unless `breaks_words`. At least one line.
std::vector<std::string_view> wrap(std::string_view printable_text, std::size_t first, std::size_t later,
                                   bool breaks_words);

}  // namespace ctxcost
