// The lines of a file or of standard input, one at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "text_file.h"

namespace ctxcost {

class LineReader {
 public:
  /// Opens a file, or standard input if `path` is "-". A line may be as long as `limit` says. Throws InputError naming
  /// `path`.
  LineReader(std::string path, const TextLimit& limit);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// Returns the next line without its end, or nothing after the last one. It is valid until the next call. Throws
  /// InputError if the file cannot be read, which ends it, and if the line is too long, which skips it.
  std::optional<std::string_view> next();
  /// The number of the line that `next` returned, from 1 on.
  std::size_t number() const { return number_; }
  const std::string& path() const { return path_; }

 private:
  bool fill();

  std::string path_;
  TextLimit limit_;
  int file_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what is not yet returned
  std::size_t end_ = 0;    // of what was read
  std::size_t number_ = 0;
  bool failed_ = false;
};

}  // namespace ctxcost
