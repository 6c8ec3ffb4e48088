#include "header_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ctxcost {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10;

[[noreturn]] void fail_to_open(const std::string& path, int error) {
  throw InputError(Diagnostic{path, "", std::string("cannot be read: ") + std::strerror(error), ""});
}

}  // namespace

HeaderReader::HeaderReader(const std::string& path) : path_(path) {
  // A pipe that nobody writes to must not stop us here.
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
  buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBufferBytes, size_)));
}

HeaderReader::HeaderReader(std::string_view file, const std::string& path)
    : path_(path), size_(file.size()), window_(file) {}

HeaderReader::~HeaderReader() {
  if (file_ >= 0) ::close(file_);
}

void HeaderReader::fail(const std::string& message, const std::string& hint) const {
  throw InputError(Diagnostic{path_, "offset " + std::to_string(position_), message, hint});
}

void HeaderReader::need(std::uint64_t length, const char* what) const {
  if (length > left()) {
    fail("expected " + std::to_string(length) + " bytes of " + what + ", found " + std::to_string(left()) +
             " before the end of the file",
         "is the download complete?");
  }
  if (length > limit_ - std::min(position_, limit_)) {
    fail("expected a header of at most " + std::to_string(limit_) + " bytes, found more");
  }
}

void HeaderReader::read(void* out, std::size_t length, const char* what) {
  need(length, what);
  auto* target = static_cast<char*>(out);
  while (length > 0) {
    if (position_ < window_start_ || position_ - window_start_ >= window_.size()) {
      const ssize_t got = ::pread(file_, buffer_.data(), buffer_.size(), static_cast<off_t>(position_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(std::string("cannot be read: ") + std::strerror(errno));
      if (got == 0) fail("the file became shorter while it was read");
      window_start_ = position_;
      window_ = {buffer_.data(), static_cast<std::size_t>(got)};
    }
    const auto from = static_cast<std::size_t>(position_ - window_start_);
    const std::size_t step = std::min(length, window_.size() - from);
    std::memcpy(target, window_.data() + from, step);
    target += step;
    length -= step;
    position_ += step;
  }
}

std::uint8_t HeaderReader::u8() {
  std::uint8_t value = 0;
  read(&value, sizeof value, "an integer");
  return value;
}

std::uint16_t HeaderReader::u16() {
  std::uint8_t raw[2];
  read(raw, sizeof raw, "an integer");
  return static_cast<std::uint16_t>(raw[0] | raw[1] << 8);
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

std::string HeaderReader::bytes(std::uint64_t length, std::uint64_t longest, const char* what) {
  if (length > longest) {
    fail("expected at most " + std::to_string(longest) + " bytes of " + what + ", found " + std::to_string(length));
  }
  need(length, what);
  std::string text(static_cast<std::size_t>(length), '\0');
  read(text.data(), text.size(), what);
  return text;
}

void HeaderReader::skip(std::uint64_t length, const char* what) {
  need(length, what);
  position_ += length;
}

}  // namespace ctxcost
