// Logs of engines: whose it is follows from the lines that are in it. A new format is a file of its own and a line
// here.
#include "ctxcost/input/engine_log.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "input/file/text_file.h"

namespace ctxcost {

extern const EngineLogFormat kVllmLog;
extern const EngineLogFormat kSglangLog;
extern const EngineLogFormat kTensorRtLog;
extern const EngineLogFormat kLlamaCppLog;

namespace {

constexpr const EngineLogFormat* kEngineLogFormats[] = {&kVllmLog, &kSglangLog, &kTensorRtLog, &kLlamaCppLog};

constexpr TextLimit kEngineLogFile = {std::size_t{64} << 20, "a log"};
/// A longer line is cut: no line that is read is a tenth of that.
constexpr std::size_t kLongestLogLine = std::size_t{64} << 10;

struct LogFigureWords {
  std::string_view name;
  std::string_view words;
};
constexpr LogFigureWords kLogFigureWords[] = {
    {"weights", "weights"},
    {"file_size", "file size"},
    {"kv_memory", "memory for the cache"},
    {"cache", "cache"},
    {"keys", "K"},
    {"values", "V"},
    {"convolution_state", "convolution state"},
    {"recurrent_state", "recurrent state"},
    {"speculation_state", "states of drafted tokens"},
    {"tokens", "tokens"},
    {"window_tokens", "tokens of windows"},
    {"concurrency", "concurrency"},
    {"blocks", "blocks"},
    {"block_tokens", "tokens of a block"},
    {"page_padding", "padding of states"},
    {"pages_per_sequence", "blocks of a sequence"},
    {"model_buffer", "model buffer"},
    {"compute_buffer", "compute buffer"},
    {"output_buffer", "output buffer"},
    {"budget", "budget"},
    {"memory_before", "memory before"},
    {"memory_after", "memory left"},
};
static_assert(std::size(kLogFigureWords) == static_cast<std::size_t>(LogFigure::memory_after) + 1);

Count log_power_of_ten(std::uint32_t exponent) {
  Count power = 1;
  for (; exponent > 0; --exponent) power *= 10;
  return power;
}

[[noreturn]] void refuse_log(std::string_view source, std::string message, std::string hint) {
  throw InputError(Diagnostic{std::string(source), "", std::move(message), std::move(hint)});
}

std::string lines_of_all() {
  std::string all;
  for (const EngineLogFormat* format : kEngineLogFormats) {
    all += (all.empty() ? "" : "; ") + std::string(format->engine) + ": " + std::string(format->lines);
  }
  return all;
}

}  // namespace

// A number with d decimals stands for [digits - 1/2, digits + 1/2] of its last digit, each addend for as much.
Count PrintedNumber::low() const {
  return ceil_div(minus_or_zero(2 * digits, addends) * unit, 2 * log_power_of_ten(decimals));
}

Count PrintedNumber::high() const { return (2 * digits + addends) * unit / (2 * log_power_of_ten(decimals)); }

Count PrintedNumber::middle() const { return digits * unit / log_power_of_ten(decimals); }

bool PrintedNumber::states(double ratio) const {
  const double scaled = ratio * log_power_of_ten(decimals).to_double();
  const double distance = scaled > digits.to_double() ? scaled - digits.to_double() : digits.to_double() - scaled;
  return distance <= 0.5 * addends.to_double() + 1e-6;
}

std::string PrintedNumber::text() const {
  const Count power = log_power_of_ten(decimals);
  std::string result = with_separators(digits / power);
  if (decimals > 0) {
    const std::string fraction = to_string(digits % power);
    result += "." + std::string(decimals - fraction.size(), '0') + fraction;
  }
  return word.empty() ? result : result + (word == "x" || word == "%" ? "" : " ") + std::string(word);
}

std::string_view name(LogFigure figure) { return kLogFigureWords[static_cast<std::size_t>(figure)].name; }
std::string_view words(LogFigure figure) { return kLogFigureWords[static_cast<std::size_t>(figure)].words; }

const std::vector<std::string_view>& log_figure_names() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> names;
    for (const LogFigureWords& one : kLogFigureWords) names.push_back(one.name);
    return names;
  }();
  return all;
}

const LogFinding* EngineLog::find(LogFigure figure) const {
  const auto found =
      std::find_if(findings.begin(), findings.end(), [&](const LogFinding& one) { return one.figure == figure; });
  return found == findings.end() ? nullptr : &*found;
}

const LogSetting* EngineLog::find_setting(std::string_view key, std::string_view setting) const {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const LogSetting& one) { return one.key == key && one.name == setting; });
  return found == settings.end() ? nullptr : &*found;
}

EngineLog parse_engine_log(std::string_view text, std::string_view source) {
  if (text.find('\0') != std::string_view::npos) {
    refuse_log(source, "expected the start-up log of an engine, found a file that is no text", "");
  }
  EngineLog logs[std::size(kEngineLogFormats)];
  std::vector<std::unique_ptr<EngineLogReader>> readers;
  for (std::size_t i = 0; i < std::size(logs); ++i) {
    logs[i].source = source;
    logs[i].format = kEngineLogFormats[i];
    readers.emplace_back(kEngineLogFormats[i]->open(logs[i]));
  }
  std::size_t number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, std::min(end - start, kLongestLogLine));
    start = end + 1;
    ++number;
    for (const auto& reader : readers) reader->read(line, number);
  }
  EngineLog* found = nullptr;
  for (std::size_t i = 0; i < std::size(logs); ++i) {
    readers[i]->finish();
    if (logs[i].findings.empty()) continue;
    if (found != nullptr) {
      refuse_log(source,
                 format("expected the log of one engine, found lines of {} (line {}) and of {} (line {})",
                        found->format->engine, found->findings.front().line, logs[i].format->engine,
                        logs[i].findings.front().line),
                 "give each its own file");
    }
    found = &logs[i];
  }
  if (found == nullptr) {
    refuse_log(source, format("expected the start-up log of an engine, found no line of one in {} lines", number),
               "lines that are read: " + lines_of_all());
  }
  return std::move(*found);
}

EngineLog load_engine_log(std::string_view path) { return parse_engine_log(read_text(path, kEngineLogFile), path); }

}  // namespace ctxcost
