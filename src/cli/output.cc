#include "output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "terminal.h"

namespace ctxcost::cli {
namespace {

constexpr mode_t kNewFileMode = 0666;

// The temporary file that a signal handler must remove, if there is one.
const char* volatile pending_file = nullptr;

extern "C" void end_by_signal(int signal_number) {
  remove_pending_file();
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

/// Signals that end a program unless it handles them. SIGXFSZ is ignored instead: the write that is too long then fails
/// as on a full disk.
constexpr int kEndingSignals[] = {SIGHUP,  SIGINT,  SIGTERM, SIGQUIT, SIGALRM,
                                  SIGUSR1, SIGUSR2, SIGXCPU, SIGPROF, SIGVTALRM};

/// Returns where a link leads, beside the link. Empty if the path is no link.
std::string link_target(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  if (length <= 0) return {};
  target.resize(static_cast<std::size_t>(length));
  return target.starts_with('/') ? target : path.substr(0, path.rfind('/') + 1) + target;
}

}  // namespace

void remove_pending_file() {
  if (pending_file != nullptr) unlink(pending_file);
}

std::string follow_links(const std::string& path) {
  // As many as Linux follows [path_resolution(7)].
  constexpr int kMostLinks = 40;
  std::string result = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    if (char* const real = realpath(result.c_str(), nullptr)) {
      result = real;
      std::free(real);
      return result;
    }
    if (errno == ELOOP) break;
    // What is no file has no path: /dev/stdout leads to "pipe:[7]".
    struct stat status;
    if (stat(result.c_str(), &status) == 0) return result;
    std::string next = link_target(result);
    if (next.empty()) return result;
    result = std::move(next);
  }
  throw OutputError(path, ELOOP);
}

int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Output::Output(const std::string& path) {
  if (path.empty() || path == "-") {
    descriptor_ = STDOUT_FILENO;
    target_ = "standard output";
    return;
  }
  target_ = follow_links(path);
  struct stat status;
  const bool exists = stat(target_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw OutputError(path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor_ = open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor_ < 0) throw OutputError(path, errno);
    return;
  }
  // A file without write permission is not replaced.
  if (exists && access(target_.c_str(), W_OK) != 0) throw OutputError(path, errno);
  open_temporary();
  mode_t mode = exists ? status.st_mode & 07777 : kNewFileMode;
  if (!exists) {
    const mode_t mask = umask(0);
    umask(mask);
    mode &= ~mask;
  }
  // Only root can keep the ownership. Permissions are always kept.
  if (exists && fchown(descriptor_, status.st_uid, status.st_gid) != 0) mode &= 0777;
  if (fchmod(descriptor_, mode) != 0) {
    const int error = errno;
    discard();
    throw OutputError(target_, error);
  }
}

void Output::open_temporary() {
  const std::size_t slash = target_.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : target_.substr(0, slash + 1);
  temporary_ = folder + ".ctxcost-XXXXXX";
  for (const int number : kEndingSignals) {
    if (std::signal(number, end_by_signal) == SIG_IGN) std::signal(number, SIG_IGN);
  }
  // The name is set before the file is there, so that no signal falls between the two.
  pending_file = temporary_.c_str();
  descriptor_ = mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    const int error = errno;
    pending_file = nullptr;
    temporary_.clear();
    throw OutputError(target_, error);
  }
}

Output::~Output() { discard(); }

void Output::discard() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
  pending_file = nullptr;
  if (descriptor_ > STDERR_FILENO) close(descriptor_);
}

void Output::write(std::string_view bytes) {
  if (const int error = write_all(descriptor_, bytes); error != 0) throw OutputError(target_, error);
}

void Output::commit() {
  // A network file system may report a full disk only here.
  if (close(std::exchange(descriptor_, -1)) != 0) throw OutputError(target_, errno);
  if (temporary_.empty()) return;
  if (rename(temporary_.c_str(), target_.c_str()) != 0) throw OutputError(target_, errno);
  pending_file = nullptr;
  temporary_.clear();
}

bool Output::is_terminal() const { return isatty(descriptor_) == 1; }

bool Output::is_standard() const { return descriptor_ == STDOUT_FILENO; }

std::size_t Output::columns() const { return terminal_columns(descriptor_); }

}  // namespace ctxcost::cli
