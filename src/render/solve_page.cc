// The page of `solve`.
#include <algorithm>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "deployment_fields.h"
#include "option_text.h"
#include "solve_document.h"

namespace ctxcost {
namespace {

std::string shown(const SolvedValue& value) {
  return std::visit([](const auto& solved) { return cell_text(solved); }, value);
}

std::string trial_text(Unknown unknown, const Trial& trial, UnitSystem units) {
  std::string text = shown(trial.value);
  if (!trial.refusal.empty()) return format("{} is impossible ({})", text, trial.refusal);
  if (trial.limit == "window") {
    return text + (unknown == Unknown::context ? " is beyond the model's window"
                                               : ": the context is beyond the model's window");
  }
  if (trial.limit == "positions") return text + " is beyond the position table";
  if (trial.device_bytes) {
    text += format(" takes {} {}", short_bytes(*trial.device_bytes, units),
                   trial.gpu.empty() ? std::string("per device") : "on " + trial.gpu);
  }
  if (const Negative* missing = std::get_if<Negative>(&trial.headroom)) {
    return text + format(", {} B too much", with_separators(missing->magnitude));
  }
  if (const Count* room = std::get_if<Count>(&trial.headroom)) text += format(", {} B left", with_separators(*room));
  if (!trial.limit.empty()) text += ", more than the memory for the cache";
  return text;
}

/// What an answer is of besides model, point and place.
struct SolvedLabel {
  std::string_view before;  ///< "weights "
  std::string (*text)(const SolveAnswer& answer);
};
constexpr SolvedLabel kSolvedLabels[] = {
    {"weights ", [](const SolveAnswer& a) { return a.deployment->estimator().weights().name(); }},
    {"KV ", [](const SolveAnswer& a) { return a.deployment->estimator().kv().name(); }},
    {"", [](const SolveAnswer& a) { return a.asked.setup.engine.name; }},
};

/// `among`: all answers. Types and engines are named where theirs differ; a type that is looked for is the answer.
std::string about(const SolveAnswer& answer, const std::vector<SolveAnswer>& among) {
  const Setup& setup = answer.asked.setup;
  std::string text = setup.model->name;
  if (setup.settings.requests.alike()) {
    if (answer.context) text += format(", {} tokens", with_separators(*answer.context));
    if (answer.batch) text += format(" x {}", with_separators(*answer.batch));
  } else {
    text += ", " + requests_text(setup.settings.requests, answer.context, answer.batch);
  }
  text += " on " + (answer.unknown == Unknown::gpus ? setup.settings.cards_name() : place_text(*answer.deployment));
  for (const SolvedLabel& label : kSolvedLabels) {
    const std::string own = label.text(answer);
    const bool differs =
        std::any_of(among.begin(), among.end(), [&](const SolveAnswer& other) { return label.text(other) != own; });
    if (differs && !own.empty()) text += format(", {}{}", label.before, own);
  }
  return text;
}

std::string value_text(const SolveAnswer& answer) {
  if (!answer.value) return answer.nothing_fits ? "nothing fits" : "nothing bounds it";
  const std::string_view unit = question_of(answer).unit;
  if (unit.empty()) return shown(*answer.value);
  const bool is_one = *answer.value == SolvedValue(Count{1});
  return format("{} {}", shown(*answer.value), is_one ? unit.substr(0, unit.size() - 1) : unit);
}

/// A column of the table of answers.
struct AnswerColumn {
  std::string_view heading;
  Value (*value)(const SolveAnswer& answer);
};

Value words(std::string text) { return Value(std::move(text)); }

const AnswerColumn kColumns[] = {
    {"Question", [](const SolveAnswer& a) { return Value(question_of(a).name); }},
    {"Answer",
     [](const SolveAnswer& a) {
       return a.value ? std::visit([](const auto& value) { return Value(value); }, *a.value) : Value();
     }},
    {"Model", [](const SolveAnswer& a) { return words(a.asked.setup.model->name); }},
    {"Weights", [](const SolveAnswer& a) { return words(a.deployment->estimator().weights().name()); }},
    {"KV", [](const SolveAnswer& a) { return words(a.deployment->estimator().kv().name()); }},
    {"Engine", [](const SolveAnswer& a) { return words(a.asked.setup.engine.name); }},
    {"GPU", [](const SolveAnswer& a) { return words(a.asked.setup.settings.cards_name()); }},
    {"Split", [](const SolveAnswer& a) { return words(a.split.name()); }},
    {"Context", [](const SolveAnswer& a) { return to_value(a.context); }},
    {"Batch", [](const SolveAnswer& a) { return to_value(a.batch); }},
    {"Bound", [](const SolveAnswer& a) { return Value(a.bound); }},
    {"Memory Context", [](const SolveAnswer& a) { return a.in_memory ? to_value(a.in_memory->value) : Value(); }},
    {"Window", [](const SolveAnswer& a) { return a.window_status ? Value(*a.window_status) : Value(); }},
};

/// Whether a number that was found is better than another: fewer devices, or more of all else. What nothing bounds is
/// the most.
bool is_better(const SolveAnswer& one, const SolveAnswer& other) {
  if (one.nothing_fits || other.nothing_fits) return !one.nothing_fits && other.nothing_fits;
  if (!one.value || !other.value) return !one.value && other.value;
  const Count& a = std::get<Count>(*one.value);
  const Count& b = std::get<Count>(*other.value);
  return one.unknown == Unknown::gpus ? a < b : b < a;
}

/// The line over several answers: the best of them and how many there are. Types have no best one.
std::string solved_headline(const std::vector<SolveAnswer>& answers) {
  const auto fit =
      std::count_if(answers.begin(), answers.end(), [](const SolveAnswer& answer) { return !answer.nothing_fits; });
  const std::string_view name = question_of(answers.front()).name;
  if (fit == 0) return format("{}: none of {} fits", name, answers.size());
  const std::string how_many = format("{} of {} {}", fit, answers.size(), fit == 1 ? "fits" : "fit");
  const Unknown unknown = answers.front().unknown;
  if (unknown == Unknown::kv_precision || unknown == Unknown::weights) return format("{}: {}", name, how_many);
  const SolveAnswer& best = *std::min_element(answers.begin(), answers.end(), is_better);
  return format("{}: {} at {} ({}); {}", name, value_text(best), unknown == Unknown::gpus ? "least" : "most",
                about(best, answers), how_many);
}

void write_one_solved(const SolveAnswer& answer, const std::vector<SolveAnswer>& among, const RenderOptions& options,
                      TextDocument& page) {
  page.line(format("{}: {} ({})", question_of(answer).name, value_text(answer), about(answer, among)));
  if (options.quiet) return;
  if (answer.cards && answer.value) page.line("  these: " + answer.cards->name());
  const auto write_trial = [&](std::string_view what, const std::optional<Trial>& trial) {
    if (trial) page.line(format("  {}: {}", what, trial_text(answer.unknown, *trial, options.units)));
  };
  write_trial("fits", answer.fits);
  write_trial("does not fit", answer.does_not_fit);
  if (answer.fits && answer.asked.setup.settings.rates.asked()) {
    const auto cost = [&](Metric metric) {
      const double* const value = std::get_if<double>(&running_cost(*answer.fits, metric));
      return value == nullptr ? "–" : short_real(*value);
    };
    page.line(format("  cost per million tokens: {} USD prefill, {} USD decode; {} J a decoded token",
                     cost(Metric::usd_per_million_prefill_tokens), cost(Metric::usd_per_million_decode_tokens),
                     cost(Metric::joules_per_decode_token)));
  }
  if (!answer.unlocks.empty()) page.line("  changes that allow more:");
  for (const auto& [change, more] : answer.unlocks) {
    page.line(format("    {}: {}", option_of(change, answer.asked.setup.settings).text(),
                     more ? with_separators(*more) : "any"));
  }
  for (const std::string& note : notes_of(answer)) page.line("  note: " + note);
}

}  // namespace

void write_solved(const std::vector<SolveAnswer>& answers, const RenderOptions& options, TextDocument& page) {
  if (answers.size() > 1) {
    page.line(solved_headline(answers), Accent::strong);
    page.blank();
  }
  for (const SolveAnswer& answer : answers) write_one_solved(answer, answers, options, page);
}

void write_answers(const std::vector<SolveAnswer>& answers, TextDocument& page) {
  std::vector<TextDocument::Column> columns;
  std::vector<std::vector<std::string>> rows(answers.size());
  for (const AnswerColumn& column : kColumns) {
    bool is_number = false;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Value value = column.value(answers[i]);
      is_number = is_number || std::holds_alternative<Count>(value);
      rows[i].push_back(cell_text(value));
    }
    columns.push_back({std::string(column.heading), is_number});
  }
  page.table(std::move(columns), rows);
}

}  // namespace ctxcost
