// A buffer in front of the sink that takes the bytes of a document.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// Digits of the largest count.
inline constexpr std::size_t kMostDigits = 39;

/// Writes all decimal digits of `value` at `to`, which must have room for kMostDigits. Returns the end of the digits.
char* write_digits(char* to, Count value);

/// A sink for bytes, such as a file descriptor or a string. It may throw; the error reaches the caller of the renderer.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view bytes) = 0;
};

/// Collects small pieces into large writes. Call `flush` at the end: bytes still in the buffer are lost otherwise.
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(&sink), buffer_(new char[kCapacity]) {}

  void text(std::string_view bytes) {
    if (bytes.size() > kCapacity - used_) return text_beyond(bytes);
    std::memcpy(buffer_.get() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  void character(char c) {
    *room(1) = c;
    advance(1);
  }
  void repeat(char c, std::size_t times) {
    while (times-- > 0) character(c);
  }
  /// Writes all decimal digits.
  void digits(Count value) {
    char* const to = room(kMostDigits);
    advance(static_cast<std::size_t>(write_digits(to, value) - to));
  }
  void flush();

  /// Returns room for the next `size` bytes, a few hundred at most. Write there, then call `advance`.
  char* room(std::size_t size) {
    if (size > kCapacity - used_) flush();
    return buffer_.get() + used_;
  }
  void advance(std::size_t size) { used_ += size; }

 private:
  static constexpr std::size_t kCapacity = std::size_t{1} << 16;

  void text_beyond(std::string_view bytes);

  Sink* sink_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
};

}  // namespace ctxcost
