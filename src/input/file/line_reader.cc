#include "line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

}  // namespace

LineReader::LineReader(std::string path, const TextLimit& limit)
    : path_(std::move(path)),
      limit_(limit),
      file_(path_ == "-" ? STDIN_FILENO : open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_ < 0) throw_fault(path_, std::string("cannot be read: ") + std::strerror(errno));
}

LineReader::~LineReader() {
  if (file_ != STDIN_FILENO) close(file_);
}

/// Reads a piece behind what is there. Returns false at the end of the file.
bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + kPieceBytes) buffer_.resize(2 * (end_ + kPieceBytes));
  for (;;) {
    const ssize_t got = read(file_, buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      failed_ = true;
      throw_fault(path_, std::string("cannot be read: ") + std::strerror(error));
    }
    end_ += static_cast<std::size_t>(got);
    return got > 0;
  }
}

std::optional<std::string_view> LineReader::next() {
  if (failed_) return std::nullopt;
  ++number_;
  std::size_t searched = 0;  // bytes of the line that hold no end
  bool too_long = false;
  bool more = true;
  const char* line_end = nullptr;
  while (line_end == nullptr && more) {
    const char* const from = buffer_.data() + begin_ + searched;
    const std::size_t left = end_ - begin_ - searched;
    if (left > 0) line_end = static_cast<const char*>(std::memchr(from, '\n', left));
    if (line_end != nullptr) break;
    searched += left;
    if (searched > limit_.bytes) {
      too_long = true;
      begin_ = end_;
      searched = 0;
    }
    more = fill();
  }
  const std::size_t first = begin_;
  const std::size_t last = line_end == nullptr ? end_ : static_cast<std::size_t>(line_end - buffer_.data());
  begin_ = line_end == nullptr ? end_ : last + 1;
  if (too_long || last - first > limit_.bytes) {
    throw_fault(path_ + ":" + std::to_string(number_), beyond(limit_));
  }
  if (line_end == nullptr && first == last) return std::nullopt;
  return std::string_view(buffer_).substr(first, last - first);
}

}  // namespace ctxcost
