#include "ctxcost/input/evaluation_results.h"

#include <algorithm>

#include "core/decimal.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"
#include "input/file/text_file.h"
#include "input/json/cursor.h"
#include "input/json/json.h"

namespace ctxcost {
namespace {

constexpr TextLimit kResultsFile = {std::size_t{64} << 20, "results of an evaluation"};
constexpr std::string_view kScoreExpected = "a number from 0 to 1, true or false";

/// decimal * 10^places, digits behind them dropped. Empty above 128 bits.
std::optional<Count> scaled(const Decimal& decimal, std::uint32_t places) {
  try {
    Count value = decimal.digits;
    for (std::uint32_t i = decimal.decimals; i < places; ++i) value *= 10;
    for (std::uint32_t i = places; i < decimal.decimals && value > 0; ++i) value = value / 10;
    return value;
  } catch (const CountOverflow&) {
    return std::nullopt;
  }
}

std::optional<Decimal> decimal_of(const JsonValue& value) {
  if (!value.is(JsonValue::Type::integer) && !value.is(JsonValue::Type::real)) return std::nullopt;
  std::string_view text = value.text;
  const std::optional<Decimal> decimal = read_decimal(text);
  return text.empty() ? decimal : std::nullopt;
}

std::optional<Count> score_of(const JsonValue& value) {
  if (value.is(JsonValue::Type::boolean)) return value.boolean ? kFullScore : Count{};
  const std::optional<Decimal> decimal = decimal_of(value);
  if (!decimal) return std::nullopt;
  const std::optional<Count> score = scaled(*decimal, 18);
  if (!score || *score < kFullScore) return score;
  // A digit behind the eighteenth decimal may be dropped, but not where it makes it more than 1.
  const std::optional<Count> rounded_up = whole(*decimal, 1, Rounding::up);
  return rounded_up && *rounded_up <= 1 ? score : std::nullopt;
}

/// One line.
class ResultReader {
 public:
  ResultReader(const JsonValue& value, std::size_t line, Faults& faults)
      : cursor_(value, "line " + std::to_string(line) + ": ", faults), faults_(&faults), line_(line) {}

  ScoredPrompt read() {
    ScoredPrompt prompt;
    prompt.line = line_;
    prompt.id = number("id", true).value_or(0);
    const JsonValue* const task = present("task", "the task of the plan's line", true);
    if (task != nullptr && !task->is(JsonValue::Type::string)) {
      fault("task", "expected the task of the plan's line, found " + describe(*task));
    } else if (task != nullptr) {
      prompt.task = task->text;
    }
    prompt.length = number("length", true);
    prompt.depth = depth();
    prompt.documents = number("documents", false);
    prompt.pairs = number("pairs", false);
    prompt.position = number("position", false);
    prompt.trial = number("trial", false);
    prompt.seed = number("seed", false);
    prompt.score = score();
    return prompt;
  }

 private:
  void fault(std::string_view key, std::string message, std::string hint = {}) {
    faults_->add(static_cast<std::uint32_t>(line_), cursor_.pointer(key), std::move(message), std::move(hint));
  }

  /// Null says nothing, as in the plan's own lines.
  const JsonValue* present(std::string_view key, std::string_view expected, bool required) {
    const JsonValue* const value = cursor_.find(key);
    if (value != nullptr && !value->is(JsonValue::Type::null)) return value;
    if (required) {
      fault(key, "expected " + std::string(expected) + ", found " + (value == nullptr ? "nothing" : "null"));
    }
    return nullptr;
  }

  std::optional<Count> number(std::string_view key, bool required) {
    const JsonValue* const value = present(key, "an integer of at least 0", required);
    if (value == nullptr) return std::nullopt;
    const std::optional<Count> count =
        value->is(JsonValue::Type::integer) ? parse_digits(value->text) : std::optional<Count>();
    if (!count) fault(key, "expected an integer of at least 0, found " + describe(*value));
    return count;
  }

  std::optional<Count> depth() {
    const JsonValue* const value = present("depth", "", false);
    if (value == nullptr) return std::nullopt;
    const std::optional<Decimal> percent = decimal_of(*value);
    const std::optional<Count> thousandths = percent ? scaled(*percent, 3) : std::nullopt;
    if (!thousandths || *thousandths > 100'000) {
      fault("depth", "expected a percentage from 0 to 100, found " + describe(*value));
    }
    return thousandths;
  }

  Count score() {
    const JsonValue* const value = present("score", kScoreExpected, true);
    if (value == nullptr) return {};
    const std::optional<Count> found = score_of(*value);
    if (!found) {
      const std::optional<Decimal> decimal = decimal_of(*value);
      fault("score", "expected " + std::string(kScoreExpected) + ", found " + describe(*value),
            decimal && decimal->to_double() <= 100 ? "divide a percentage by 100" : "");
    }
    return found.value_or(0);
  }

  ObjectCursor cursor_;
  Faults* faults_;
  std::size_t line_;
};

/// A line that is no JSON: its place in the file, not in the line.
void add_syntax_fault(std::size_t line, const InputError& error, Faults& faults) {
  for (const Diagnostic& one : error.diagnostics()) {
    const std::size_t colon = one.place.find(':');
    const std::string column = colon == std::string::npos ? "" : one.place.substr(colon);
    faults.add(static_cast<std::uint32_t>(line), std::to_string(line) + column, one.message, one.hint);
  }
}

void read_line(std::string_view text, std::size_t line, EvaluationResults& results, Faults& faults) {
  try {
    const JsonDocument document = parse_json(text, results.source);
    if (!document.root.is(JsonValue::Type::object)) {
      faults.add(static_cast<std::uint32_t>(line), "line " + std::to_string(line),
                 "expected an object with \"id\" and \"score\", found " + describe(document.root));
      return;
    }
    results.prompts.push_back(ResultReader(document.root, line, faults).read());
  } catch (const InputError& error) {
    add_syntax_fault(line, error, faults);
  }
}

}  // namespace

EvaluationResults parse_evaluation_results(std::string_view text, std::string_view source) {
  EvaluationResults results;
  results.source = source;
  Faults faults(source);
  std::size_t line = 0;
  for (std::size_t start = 0; start < text.size() && !faults.many();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view one = text.substr(start, end - start);
    start = end + 1;
    ++line;
    if (one.find_first_not_of(" \t\r") != std::string_view::npos) read_line(one, line, results, faults);
  }
  if (results.prompts.empty() && faults.none()) {
    faults.add(0, "", "expected a line of JSON for each prompt with its score, found none",
               "`ctxcost evaluate ... --plan` writes the lines");
  }
  faults.throw_if_any();
  return results;
}

EvaluationResults load_evaluation_results(std::string_view path) {
  return parse_evaluation_results(read_text(path, kResultsFile), path);
}

}  // namespace ctxcost
