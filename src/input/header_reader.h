// Bounded, buffered reading of the front of a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/diagnostic.h"

namespace ctxcost {

/// Reads forward through a file in small pieces. Never allocates more than what the file really holds, and stops at a
/// limit, so that a hostile length costs nothing.
class HeaderReader {
 public:
  /// Opens a regular file. Throws InputError when it cannot be read.
  explicit HeaderReader(const std::string& path);
  ~HeaderReader();
  HeaderReader(const HeaderReader&) = delete;
  HeaderReader& operator=(const HeaderReader&) = delete;

  std::uint64_t size() const { return size_; }      ///< bytes of the file
  std::uint64_t position() const { return position_; }  ///< bytes read or skipped so far
  std::uint64_t left() const { return size_ - position_; }

  /// Little-endian integers. Throw InputError at the end of the file.
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  /// The next `length` bytes. Throws InputError when the file has fewer, or when `length` is above `limit`.
  std::string bytes(std::uint64_t length, std::uint64_t limit, const char* what);
  /// Passes over bytes without reading them. Throws InputError when the file has fewer.
  void skip(std::uint64_t length, const char* what);

  /// Throws InputError "path: offset N: message".
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;

 private:
  void read(void* out, std::size_t length, const char* what);

  std::string path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  std::vector<char> buffer_;
  std::uint64_t buffer_start_ = 0;
  std::size_t buffer_length_ = 0;
};

}  // namespace ctxcost
