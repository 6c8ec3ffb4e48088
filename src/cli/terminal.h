// How wide the text of a terminal is.
#pragma once

#include <cstddef>
#include <optional>

namespace ctxcost::cli {

/// Returns the user's choice of columns where the terminal does not know its own, or nothing. [POSIX.1-2017, Base
/// Definitions, 8.3: COLUMNS]
std::optional<std::size_t> columns_of_environment();

/// Returns the columns of text that a terminal has: its own, those of the environment, or 80; never fewer than
/// `kLeastWidth`.
std::size_t terminal_columns(int descriptor);

}  // namespace ctxcost::cli
