// Bounded, buffered reading of the front of a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {

/// Reads forward through a file in small pieces. It never allocates more than the size of the file and never reads
/// beyond a limit, so that a hostile length costs nothing.
class HeaderReader {
 public:
  /// Opens a regular file. Throws InputError if it cannot be read.
  explicit HeaderReader(const std::string& path);
  /// Reads a whole file in memory, which must outlive the reader. `path` names it in errors.
  HeaderReader(std::string_view file, const std::string& path);
  ~HeaderReader();
  HeaderReader(const HeaderReader&) = delete;
  HeaderReader& operator=(const HeaderReader&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }          ///< bytes of the file
  std::uint64_t position() const { return position_; }  ///< bytes read or skipped so far
  std::uint64_t left() const { return size_ - position_; }
  /// The limit on bytes read or skipped, above any real header.
  void stop_after(std::uint64_t limit) { limit_ = limit; }

  /// Read little-endian integers. Throw InputError at the end of the file.
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  /// Returns the next `length` bytes. Throws InputError if the file has fewer, or if `length` exceeds `longest`.
  std::string bytes(std::uint64_t length, std::uint64_t longest, const char* what);
  /// Skips bytes without reading them. Throws InputError if the file has fewer.
  void skip(std::uint64_t length, const char* what);

  /// Throws InputError "path: offset N: message".
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;

 private:
  void need(std::uint64_t length, const char* what) const;
  void read(void* out, std::size_t length, const char* what);

  std::string path_;
  int file_ = -1;  // or none: everything is in `window_`
  std::uint64_t size_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
  std::uint64_t position_ = 0;
  std::vector<char> buffer_;
  std::string_view window_;         // the part of the file that is in memory
  std::uint64_t window_start_ = 0;  // where it begins
};

}  // namespace ctxcost
