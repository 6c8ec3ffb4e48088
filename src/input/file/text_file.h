// Whole text files, and standard input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ctxcost {

/// The longest text that is accepted. A longer one is not the expected kind of file, and would exhaust memory once
/// parsed.
struct TextLimit {
  std::size_t bytes;      ///< a multiple of 1 MiB
  std::string_view what;  ///< "a model description"
};

/// The text of a model, in a file or on a line.
inline constexpr TextLimit kModelDescription = {std::size_t{16} << 20, "a model description"};

/// "expected a model description of at most 16 MiB, found more"
std::string beyond(const TextLimit& limit);

/// Returns the text of a file, or of standard input if `path` is "-". Throws InputError naming `path`.
std::string read_text(std::string_view path, const TextLimit& limit);

}  // namespace ctxcost
