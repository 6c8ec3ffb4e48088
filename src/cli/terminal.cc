#include "terminal.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cstdlib>

#include "core/character.h"
#include "value_readers.h"

namespace ctxcost::cli {

std::optional<std::size_t> columns_of_environment() {
  const char* const text = std::getenv("COLUMNS");
  const std::optional<Count> columns = text == nullptr ? std::nullopt : parse_digits(text);
  if (!columns || *columns == 0 || *columns > 0xffff) return std::nullopt;
  return static_cast<std::size_t>(columns->u64());
}

std::size_t terminal_columns(int descriptor) {
  constexpr std::size_t kUnknownTerminal = 80;
  winsize size{};
  std::size_t columns = ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  if (columns == 0) columns = columns_of_environment().value_or(kUnknownTerminal);
  return std::max(columns, kLeastWidth);
}

}  // namespace ctxcost::cli
