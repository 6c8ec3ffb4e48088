// Models as NDJSON: one description a line.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "ctxcost/input/input.h"

namespace ctxcost {

class LineReader;

/// Reads models one line at a time, so that a stream of any length takes the memory of its longest line.
class ModelLines {
 public:
  /// Opens a file, or standard input if `path` is "-". Throws InputError naming `path`.
  explicit ModelLines(std::string path, const LoadOptions& options = {});
  ~ModelLines();
  ModelLines(const ModelLines&) = delete;
  ModelLines& operator=(const ModelLines&) = delete;

  /// Returns the model of the next line that is not blank, or nothing after the last one. Its origin, and its name
  /// where the description has none, is "PATH:LINE". Throws InputError for a line that is no model, and if the file
  /// cannot be read; the next call goes on behind it.
  std::optional<Model> next();

 private:
  std::unique_ptr<LineReader> lines_;
  LoadOptions options_;
};

}  // namespace ctxcost
