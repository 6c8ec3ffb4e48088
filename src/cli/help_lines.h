// Lines of the help: text in columns, cut between words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ctxcost::cli {

/// The columns of the help, those of the smallest terminal in use.
inline constexpr std::size_t kHelpWidth = 80;

/// Writes `text` in lines of at most kHelpWidth that begin at `column`. The first one stands behind `left`, or below it
/// where that is too long.
void append_row(std::string& out, std::string_view left, std::size_t column, std::string_view text);
/// Writes `text` in lines from the first column on.
inline void append_paragraph(std::string& out, std::string_view text) { append_row(out, "", 0, text); }

}  // namespace ctxcost::cli
