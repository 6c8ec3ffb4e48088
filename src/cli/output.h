// The target of a document: standard output, a device or pipe, or a file that is replaced as a whole.
#pragma once

#include <exception>
#include <string>

#include "ctxcost/core/writer.h"

namespace ctxcost::cli {

/// Thrown when the system refuses a write.
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

/// An open target. Without `commit` an existing regular file stays unchanged.
class Output : public Sink {
 public:
  /// Opens a path, or standard output for "" or "-". Throws OutputError.
  explicit Output(const std::string& path);
  ~Output() override;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view bytes) override;
  /// Call when everything is written. Replaces the old file by the new one.
  void commit();

  /// Returns whether the target is a terminal.
  bool is_terminal() const;
  /// Returns whether the target is standard output.
  bool is_standard() const;
  /// Returns the columns of text of the target, which is a terminal.
  std::size_t columns() const;

 private:
  void open_temporary();
  void discard();

  int descriptor_ = -1;
  std::string target_;     // the file's own path, links followed; "standard output"
  std::string temporary_;  // empty if the target is written directly
};

/// Resolves links, even if the file that the last one names does not exist yet. Returns the path so far if that cannot
/// be done. Throws OutputError for a loop.
std::string follow_links(const std::string& path);

/// Removes the temporary file of an open target, if there is one. Signal handlers may call it.
void remove_pending_file();

/// Writes all bytes to a descriptor. Returns 0 or errno.
int write_all(int descriptor, std::string_view bytes);

}  // namespace ctxcost::cli
