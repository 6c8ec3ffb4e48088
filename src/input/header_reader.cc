#include "header_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ctxcost {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

[[noreturn]] void fail_to_open(const std::string& path, int error) {
  throw InputError(Diagnostic{path, "", std::string("cannot read: ") + std::strerror(error), ""});
}

}  // namespace

HeaderReader::HeaderReader(const std::string& path) : path_(path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) fail_to_open(path, errno);
  struct stat status {};
  if (::fstat(file_, &status) != 0) {
    const int error = errno;
    ::close(file_);
    fail_to_open(path, error);
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(file_);
    throw InputError(Diagnostic{path, "", "expected a regular file", ""});
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  buffer_.resize(std::min<std::uint64_t>(kBufferBytes, size_));
}

HeaderReader::~HeaderReader() { ::close(file_); }

void HeaderReader::fail(const std::string& message, const std::string& hint) const {
  throw InputError(Diagnostic{path_, "offset " + std::to_string(position_), message, hint});
}

void HeaderReader::read(void* out, std::size_t length, const char* what) {
  if (length > left()) fail(std::string("the file ends inside ") + what, "is the download complete?");
  auto* target = static_cast<char*>(out);
  while (length > 0) {
    const bool inside = position_ >= buffer_start_ && position_ < buffer_start_ + buffer_length_;
    if (!inside) {
      const ssize_t got = ::pread(file_, buffer_.data(), buffer_.size(), static_cast<off_t>(position_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(std::string("cannot read: ") + std::strerror(errno));
      if (got == 0) fail(std::string("the file ends inside ") + what);
      buffer_start_ = position_;
      buffer_length_ = static_cast<std::size_t>(got);
    }
    const std::size_t from = static_cast<std::size_t>(position_ - buffer_start_);
    const std::size_t step = std::min(length, buffer_length_ - from);
    std::memcpy(target, buffer_.data() + from, step);
    target += step;
    length -= step;
    position_ += step;
  }
}

std::uint8_t HeaderReader::u8() {
  std::uint8_t value = 0;
  read(&value, 1, "an integer");
  return value;
}

std::uint16_t HeaderReader::u16() {
  const std::uint16_t low = u8();
  return static_cast<std::uint16_t>(low | (u8() << 8));
}

std::uint32_t HeaderReader::u32() {
  std::uint8_t raw[4];
  read(raw, sizeof raw, "an integer");
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | raw[i];
  return value;
}

std::uint64_t HeaderReader::u64() {
  std::uint8_t raw[8];
  read(raw, sizeof raw, "an integer");
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | raw[i];
  return value;
}

std::string HeaderReader::bytes(std::uint64_t length, std::uint64_t limit, const char* what) {
  if (length > left()) fail(std::string("the file ends inside ") + what, "is the download complete?");
  if (length > limit) fail(std::string(what) + " of " + std::to_string(length) + " bytes is longer than any real one");
  std::string text(static_cast<std::size_t>(length), '\0');
  read(text.data(), text.size(), what);
  return text;
}

void HeaderReader::skip(std::uint64_t length, const char* what) {
  if (length > left()) fail(std::string("the file ends inside ") + what, "is the download complete?");
  position_ += length;
}

}  // namespace ctxcost
