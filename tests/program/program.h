// Runs the program as a user does: arguments, standard input, environment; exit status, standard output and error.
#pragma once

#include <string>
#include <vector>

struct Run {
  int status;  ///< of exit; 128 + signal where a signal ended it
  std::string out;
  std::string err;
  long peak_kib;  ///< the most memory that it had resident
};

struct RunOptions {
  std::string program = CTXCOST_PROGRAM;      ///< what runs: another one by its path
  std::string input = {};                     ///< standard input
  std::vector<std::string> environment = {};  ///< NAME=VALUE, beside PATH
  std::string directory = {};                 ///< where it runs; this process's where empty
  std::string out_path = {};                  ///< standard output goes there instead ("/dev/full")
  bool closed_pipe = false;                   ///< standard output is a pipe that nobody reads
  bool closed_out = false;                    ///< standard output is closed
  bool terminal = false;                      ///< standard output is a pseudo-terminal
  unsigned short terminal_columns = 0;        ///< its columns; 0 are unknown
  bool error_terminal = false;                ///< standard error is one, of as many columns
};

Run run(const std::vector<std::string>& arguments, const RunOptions& options = {});

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

/// A directory that is removed with what is in it at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  /// Names in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::string path_;
};
