#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace {

struct Pipe {
  int ends[2];
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  }
};

int open_terminal(int& child_end, unsigned short columns) {
  const int parent_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (parent_end < 0 || grantpt(parent_end) != 0 || unlockpt(parent_end) != 0) throw std::runtime_error("terminal");
  child_end = open(ptsname(parent_end), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (columns > 0 && ioctl(child_end, TIOCSWINSZ, &size) != 0) throw std::runtime_error("terminal");
  return parent_end;
}

/// Reads what is there; false at the end. A terminal whose other end is closed reports EIO.
bool drain(int descriptor, std::string& into) {
  char bytes[1 << 14];
  const ssize_t got = read(descriptor, bytes, sizeof bytes);
  if (got > 0) into.append(bytes, static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && errno == EINTR);
}

}  // namespace

Run run(const std::vector<std::string>& arguments, const RunOptions& options) {
  std::vector<std::string> words = {options.program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> settings = {"PATH=/usr/bin:/bin"};
  settings.insert(settings.end(), options.environment.begin(), options.environment.end());
  std::vector<char*> environment;
  for (std::string& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);

  std::signal(SIGPIPE, SIG_IGN);
  Pipe in, out, err;
  int out_end = out.ends[1];
  int out_source = out.ends[0];
  if (!options.out_path.empty()) out_end = open(options.out_path.c_str(), O_WRONLY | O_CLOEXEC);
  if (options.terminal) out_source = open_terminal(out_end, options.terminal_columns);
  if (options.closed_pipe) close(out.ends[0]);
  int err_end = err.ends[1];
  int err_source = err.ends[0];
  if (options.error_terminal) err_source = open_terminal(err_end, options.terminal_columns);

  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    dup2(in.ends[0], STDIN_FILENO);
    dup2(out_end, STDOUT_FILENO);
    dup2(err_end, STDERR_FILENO);
    if (options.closed_out) close(STDOUT_FILENO);
    if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(126);
    execve(argv[0], argv.data(), environment.data());
    _exit(127);
  }
  close(in.ends[0]);
  close(out.ends[1]);
  close(err.ends[1]);
  if (out_end != out.ends[1]) close(out_end);
  if (err_end != err.ends[1]) close(err_end);
  if (err_source != err.ends[0]) close(err.ends[0]);
  if (out_source != out.ends[0] && !options.closed_pipe) close(out.ends[0]);

  Run result{};
  std::size_t sent = 0;
  pollfd polled[3] = {
      {options.closed_pipe ? -1 : out_source, POLLIN, 0}, {err_source, POLLIN, 0}, {in.ends[1], POLLOUT, 0}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    if (polled[2].fd >= 0 && sent == options.input.size()) {
      close(polled[2].fd);
      polled[2].fd = -1;
    }
    poll(polled, 3, -1);
    if (polled[2].fd >= 0 && polled[2].revents != 0) {
      const ssize_t wrote = write(polled[2].fd, options.input.data() + sent, options.input.size() - sent);
      sent = wrote < 0 ? options.input.size() : sent + static_cast<std::size_t>(wrote);
    }
    for (int i = 0; i < 2; ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      if (!drain(polled[i].fd, i == 0 ? result.out : result.err)) {
        close(polled[i].fd);
        polled[i].fd = -1;
      }
    }
  }
  if (polled[2].fd >= 0) close(polled[2].fd);
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }
  result.peak_kib = usage.ru_maxrss;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

TemporaryDirectory::TemporaryDirectory()
    : path_((std::filesystem::temp_directory_path() / "ctxcost-test-XXXXXX").string()) {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryDirectory::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}
