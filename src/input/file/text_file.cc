#include "text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

[[noreturn]] void fail(std::string_view path, std::string message) {
  throw InputError(Diagnostic{std::string(path), "", std::move(message), ""});
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor(int value, bool owned) : value_(value), owned_(owned) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (owned_) close(value_);
  }
  int value() const { return value_; }

 private:
  int value_;
  bool owned_;
};

}  // namespace

std::string beyond(const TextLimit& limit) {
  return "expected " + std::string(limit.what) + " of at most " + std::to_string(limit.bytes >> 20) +
         " MiB, found more";
}

std::string read_text(std::string_view path, const TextLimit& limit) {
  const bool standard_input = path == "-";
  const Descriptor file(standard_input ? STDIN_FILENO : open(std::string(path).c_str(), O_RDONLY | O_CLOEXEC),
                        !standard_input);
  if (file.value() < 0) fail(path, std::string("cannot be read: ") + std::strerror(errno));
  // A regular file says how long it is; one byte more, so that the read that fills it is followed by the one that ends.
  struct stat status;
  const bool known = fstat(file.value(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0;
  std::string text(known ? std::min(static_cast<std::size_t>(status.st_size), limit.bytes) + 1 : 4096, '\0');
  std::size_t used = 0;
  for (;;) {
    if (used == text.size()) text.resize(2 * used);
    const ssize_t got = read(file.value(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit.bytes) {
      fail(path, beyond(limit));
    }
  }
  text.resize(used);
  return text;
}

}  // namespace ctxcost
