// The start-up log of an engine: the figures and settings that it prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// A number as a log prints it: `digits` / 10^`decimals` times `unit`.
struct PrintedNumber {
  Count digits;
  std::uint32_t decimals = 0;
  Count unit = 1;         ///< bytes of its unit; 1 for what has none
  Count addends = 1;      ///< printed numbers that it is the sum of; each of them is rounded
  std::string_view word;  ///< the unit as printed: "GB", "GiB"; a string literal

  /// Returns the smallest integer that is printed so.
  Count low() const;
  /// Returns the largest integer that is printed so.
  Count high() const;
  /// Returns the printed value itself, rounded down.
  Count middle() const;
  /// Returns whether a ratio is printed so.
  bool states(double ratio) const;
  /// "25.14 GB", "1,056"
  std::string text() const;
};

/// What a figure of a log is about. Bytes are those of one device.
enum class LogFigure {
  weights,             ///< memory that the weights took
  file_size,           ///< bytes of all tensors of a file
  kv_memory,           ///< bytes that are left for the cache
  cache,               ///< cache of all kinds but states
  keys,                ///< keys, or latents with what stands beside them
  values,              ///< values
  convolution_state,   ///< the last columns of convolutions
  recurrent_state,     ///< recurrent states
  speculation_state,   ///< states kept beside those for drafted tokens
  tokens,              ///< tokens that the cache has room for
  window_tokens,       ///< the same for layers with a window
  concurrency,         ///< requests of the longest length at a time
  blocks,              ///< blocks of the pool
  block_tokens,        ///< tokens of a block
  page_padding,        ///< percentage that is added to a state so that it fills a page
  pages_per_sequence,  ///< blocks of a request of the longest length
  model_buffer,        ///< a buffer of weights
  compute_buffer,      ///< a buffer of activations
  output_buffer,       ///< a buffer of logits
  budget,              ///< memory that the engine allows itself
  memory_before,       ///< memory that is free, or there, before the weights
  memory_after,        ///< memory that is free at the end
};
/// "kv_memory", and what people read: "memory for the cache".
std::string_view name(LogFigure figure);
std::string_view words(LogFigure figure);
/// Every figure's name, in the order of the enumeration.
const std::vector<std::string_view>& log_figure_names();

/// One figure.
struct LogFinding {
  LogFigure figure;
  PrintedNumber value;
  std::string detail;    ///< the device of a buffer: "CUDA0"
  std::size_t line = 0;  ///< from 1
};

/// A setting that a log prints.
struct LogSetting {
  /// "context", "batch", "kv_precision", "weights", "utilization"; degrees of a split: "tp", "pp", "dcp"; "engine".
  std::string_view key;
  std::string_view name;  ///< of the engine's settings: "block"; else empty
  std::string value;
  std::size_t line = 0;  ///< from 1; 0 = it follows from the release
};

struct EngineLogFormat;

/// What one log says.
struct EngineLog {
  std::string source;                       ///< names the file in errors
  const EngineLogFormat* format = nullptr;  ///< the engine that wrote it
  std::string release;                      ///< "0.20.2"; empty if the log does not name it
  std::vector<LogFinding> findings;         ///< in the order of their lines
  std::vector<LogSetting> settings;
  std::vector<std::string> notes;  ///< what the log says that is not read

  const LogFinding* find(LogFigure figure) const;
  const LogSetting* find_setting(std::string_view key, std::string_view setting = {}) const;
};

/// Reads the log of one engine line by line. `finish` is called behind the last line.
class EngineLogReader {
 public:
  virtual ~EngineLogReader() = default;
  virtual void read(std::string_view line, std::size_t number) = 0;
  virtual void finish() {}
};

/// One row of the list of log formats.
struct EngineLogFormat {
  std::string_view engine;   ///< whose log it is: "vllm"
  std::string_view aliases;  ///< other engines with its rules, separated by spaces
  std::string_view lines;    ///< the lines that are read, for messages
  EngineLogReader* (*open)(EngineLog& log);
};

/// Reads a log from a file, or from standard input where it is "-". Throws InputError if no line of an engine is in it,
/// if lines of several engines are, or if it is no text.
EngineLog load_engine_log(std::string_view path);

/// Does the same with text in memory. `source` names it in errors.
EngineLog parse_engine_log(std::string_view text, std::string_view source);

}  // namespace ctxcost
