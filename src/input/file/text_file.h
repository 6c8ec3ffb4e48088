// Whole text files, and standard input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ctxcost {

/// How long a text may be: what is longer is not what was asked for, and would exhaust memory once parsed.
struct TextLimit {
  std::size_t bytes;      ///< a multiple of 1 MiB
  std::string_view what;  ///< "a model description"
};

/// The text of a file, or of standard input where `path` is "-". Throws InputError naming `path`.
std::string read_text(std::string_view path, const TextLimit& limit);

}  // namespace ctxcost
