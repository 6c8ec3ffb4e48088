// Pieces of one line of a log, and the row of its format.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/character.h"
#include "ctxcost/input/engine_log.h"

/// Defines a format that other files may refer to (a plain const would be local to its file).
#define CTXCOST_ENGINE_LOG(name)     \
  extern const EngineLogFormat name; \
  const EngineLogFormat name

namespace ctxcost {

inline constexpr Count kLogKiB = 1 << 10;
inline constexpr Count kLogMiB = 1 << 20;
inline constexpr Count kLogGiB = 1 << 30;

/// Reads forward through a line.
class LogLine {
 public:
  explicit LogLine(std::string_view text) : rest_(text) {}

  /// Moves behind the first occurrence of `words`. Stays where it is if there is none.
  bool skip_to(std::string_view words) {
    const std::size_t at = rest_.find(words);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + words.size());
    return true;
  }
  /// Reads a number with digit groups and decimals, behind spaces. At least `least_decimals` decimals are known, even
  /// if the last are zero and not printed. Empty if there is none, or more than 18 digits.
  std::optional<PrintedNumber> number(std::uint32_t least_decimals = 0) {
    skip_spaces();
    PrintedNumber value;
    std::size_t at = 0, digits = 0;
    bool point = false;
    for (; at < rest_.size(); ++at) {
      const char c = rest_[at];
      if (is_digit(c)) {
        value.digits = value.digits * 10 + static_cast<unsigned>(c - '0');
        value.decimals += point ? 1 : 0;
        if (++digits > 18) return std::nullopt;
      } else if (c == '.' && !point && digits > 0 && at + 1 < rest_.size() && is_digit(rest_[at + 1])) {
        point = true;
      } else if (c != ',' || point || digits == 0 || at + 1 == rest_.size() || !is_digit(rest_[at + 1])) {
        break;
      }
    }
    if (digits == 0) return std::nullopt;
    for (; value.decimals < least_decimals && digits < 18; ++value.decimals, ++digits) value.digits *= 10;
    rest_.remove_prefix(at);
    return value;
  }
  /// Reads a number of GiB, MiB or KiB. `decimal_words`: the engine writes GB and means 2^30.
  std::optional<PrintedNumber> bytes(bool decimal_words = false, std::uint32_t least_decimals = 0) {
    std::optional<PrintedNumber> value = number(least_decimals);
    if (!value) return value;
    skip_spaces();
    struct LogUnit {
      std::string_view word;
      Count bytes;
      bool decimal;
    };
    static constexpr LogUnit kUnits[] = {{"GiB", kLogGiB, false}, {"MiB", kLogMiB, false}, {"KiB", kLogKiB, false},
                                         {"GB", kLogGiB, true},   {"MB", kLogMiB, true},   {"KB", kLogKiB, true}};
    for (const LogUnit& unit : kUnits) {
      if ((unit.decimal && !decimal_words) || !rest_.starts_with(unit.word)) continue;
      value->unit = unit.bytes;
      value->word = unit.word;
      rest_.remove_prefix(unit.word.size());
      return value;
    }
    return std::nullopt;
  }
  /// Reads letters, digits and what stands in names of types and devices, behind spaces and quotes.
  std::string word() {
    skip_spaces();
    while (!rest_.empty() && (rest_.front() == '\'' || rest_.front() == '"')) rest_.remove_prefix(1);
    std::size_t end = 0;
    while (end < rest_.size() && end < 64 && in_word(rest_[end])) ++end;
    std::string result(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return result;
  }
  std::string_view rest() const { return rest_; }

 private:
  static bool in_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.' ||
           c == '+';
  }
  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

/// Adds to a log what its reader finds.
class LogNotes {
 public:
  explicit LogNotes(EngineLog& log) : log_(&log) {}

  /// Adds a figure, unless it is there already.
  void figure(LogFigure figure, const std::optional<PrintedNumber>& value, std::size_t line, std::string detail = {}) {
    if (!value || log_->findings.size() == kMostFindings) return;
    for (const LogFinding& one : log_->findings) {
      if (one.figure == figure && one.detail == detail) return;
    }
    log_->findings.push_back({figure, *value, std::move(detail), line});
  }
  /// Adds to the figure of that kind.
  void add(LogFigure figure, std::optional<PrintedNumber> value, std::size_t line, const std::string& detail = {}) {
    if (!value) return;
    for (LogFinding& one : log_->findings) {
      if (one.figure != figure || one.detail != detail) continue;
      PrintedNumber& sum = one.value;
      if (sum.unit != value->unit || sum.digits > kMostSum || value->digits > kMostSum) return;
      for (; sum.decimals < value->decimals; ++sum.decimals) sum.digits *= 10;
      for (; value->decimals < sum.decimals; ++value->decimals) value->digits *= 10;
      sum.digits += value->digits;
      sum.addends += 1;
      return;
    }
    LogNotes::figure(figure, value, line, detail);
  }
  /// Keeps the smallest figure of that kind.
  void least(LogFigure figure, const std::optional<PrintedNumber>& value, std::size_t line) {
    if (!value) return;
    for (LogFinding& one : log_->findings) {
      if (one.figure != figure) continue;
      if (value->middle() < one.value.middle()) one = {figure, *value, {}, line};
      return;
    }
    LogNotes::figure(figure, value, line);
  }
  /// Keeps the last figure of that kind.
  void last(LogFigure figure, const std::optional<PrintedNumber>& value, std::size_t line) {
    if (!value) return;
    std::erase_if(log_->findings, [&](const LogFinding& one) { return one.figure == figure; });
    LogNotes::figure(figure, value, line);
  }
  bool has(LogFigure figure) const { return log_->find(figure) != nullptr; }

  /// Adds a setting, unless it is there already or says nothing.
  void setting(std::string_view key, std::string value, std::size_t line, std::string_view name = {}) {
    if (value.empty() || log_->find_setting(key, name) != nullptr) return;
    log_->settings.push_back({key, name, std::move(value), line});
  }
  void note(std::string text) {
    for (const std::string& one : log_->notes) {
      if (one == text) return;
    }
    log_->notes.push_back(std::move(text));
  }
  EngineLog& log() { return *log_; }

 private:
  static constexpr std::size_t kMostFindings = 256;
  static constexpr Count kMostSum = std::uint64_t{1'000'000'000'000'000};

  EngineLog* log_;
};

/// "3" of a number without decimals.
inline std::string log_digits(const std::optional<PrintedNumber>& value) {
  return value && value->decimals == 0 ? to_string(value->digits) : std::string();
}

}  // namespace ctxcost
