// A buffer before whatever takes the bytes of a document.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

#include "ctxcost/count.h"

namespace ctxcost {

/// Takes bytes: a file descriptor, a string. May throw; the error reaches whoever renders.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::string_view bytes) = 0;
};

/// Collects small pieces into large writes. What is left in the buffer is lost without `flush`.
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(&sink), buffer_(new char[kCapacity]) {}

  void text(std::string_view bytes) {
    if (bytes.size() > kCapacity - used_) return text_beyond(bytes);
    std::memcpy(buffer_.get() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  void character(char c) { *room(1) = c, used_ += 1; }
  void repeat(char c, std::size_t times) {
    while (times-- > 0) character(c);
  }
  /// All decimal digits.
  void digits(Count value);
  void flush();

 private:
  static constexpr std::size_t kCapacity = std::size_t{1} << 16;

  /// Where `size` bytes may be written; size is at most kCapacity.
  char* room(std::size_t size) {
    if (size > kCapacity - used_) flush();
    return buffer_.get() + used_;
  }
  void text_beyond(std::string_view bytes);

  Sink* sink_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
};

}  // namespace ctxcost
