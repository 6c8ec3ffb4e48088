// Where the document goes: standard output, a device or pipe, or a file that is replaced whole.
#pragma once

#include <exception>
#include <string>

#include "ctxcost/core/writer.h"

namespace ctxcost::cli {

/// A write that the system refused.
class OutputError : public std::exception {
 public:
  OutputError(std::string target, int error) : target_(std::move(target)), error_(error) {}
  const std::string& target() const { return target_; }
  /// errno
  int error() const { return error_; }
  const char* what() const noexcept override { return "output error"; }

 private:
  std::string target_;
  int error_;
};

/// The open target. Without `commit` an existing regular file stays as it was.
class Output : public Sink {
 public:
  /// A path, or "" or "-" for standard output. Throws OutputError.
  explicit Output(const std::string& path);
  ~Output() override;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view bytes) override;
  /// Everything is written: puts the new file in the place of the old one.
  void commit();

  /// True when people read it: a terminal.
  bool is_terminal() const;

 private:
  void open_temporary();

  int descriptor_ = -1;
  std::string target_;     // the file's own path, links followed; "standard output"
  std::string temporary_;  // empty when the target is written directly
};

/// Writes to a descriptor until all is written; returns 0 or errno.
int write_all(int descriptor, std::string_view bytes);

}  // namespace ctxcost::cli
