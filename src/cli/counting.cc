#include "counting.h"

#include <algorithm>
#include <optional>

#include "command.h"
#include "complaints.h"
#include "core/format.h"
#include "ctxcost/answer/listing.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/mechanism/mechanism.h"
#include "estimate/window_note.h"
#include "option_values.h"
#include "topics.h"

namespace ctxcost::cli {

namespace {

/// Returns whether something built in that is neither a model nor a device has that name.
bool is_shown(std::string_view word) {
  const auto named = [word](const auto& rows, auto name) {
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return name(row) == word; });
  };
  return find_mechanism(word) != nullptr || find_metric(word).has_value() ||
         named(engines(), [](const Engine* engine) { return engine->name; }) ||
         named(formats(), [](const Format& one) { return one.name; });
}

/// Returns the command line that a word may have been meant for: "models", "units", "vllm", "sclae". Empty if none.
std::string hint_for_word(std::string_view word) {
  const auto meant = [](std::string_view command, std::string_view name) {
    return format("did you mean `ctxcost {} {}`?", command, name);
  };
  std::vector<std::string_view> kinds;
  for (const ListingKind& kind : listing_kinds()) {
    if (kind.name == word) return meant("list", word);
    kinds.push_back(kind.name);
  }
  for (const Topic& topic : topics()) {
    if (topic.name == word) return meant("help", word);
  }
  if (is_shown(word)) return meant("show", word);
  if (const std::string_view match = near_match(word, kinds); !match.empty()) return meant("list", match);
  if (const std::string_view match = near_command(word); !match.empty()) {
    return format("did you mean the command \"{}\"?", match);
  }
  return match_accelerators(word).entries.empty() ? std::string() : meant("show", word);
}

/// Loads a model by name. A word that is meant for another command gets a hint.
Model load(const std::string& word, const LoadOptions& options) {
  try {
    return load_model(word, options);
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    if (diagnostics.size() != 1 || diagnostics[0].source != word) throw;
    // A hint that names models stays.
    if (diagnostics[0].hint.ends_with('?') || diagnostics[0].hint.starts_with("it may be")) throw;
    std::string hint = hint_for_word(word);
    if (hint.empty()) throw;
    diagnostics[0].hint = std::move(hint);
    throw InputError(std::move(diagnostics));
  }
}

/// The longest context that is asked for. Empty where the command takes the model's own.
std::optional<Count> longest_context(const Arguments& arguments) {
  std::optional<Count> longest;
  const auto take = [&longest](std::string_view list) {
    const Count largest = parse_lengths(list, option(OptionId::context).name).largest();
    if (!longest || *longest < largest) longest = largest;
  };
  for (const std::string& list : arguments.all(OptionId::context)) take(list);
  std::string_view fallback = arguments.value_or_fallback(OptionId::context);
  fallback = fallback.substr(0, fallback.find(';'));
  // Where it is words, it is no list.
  if (!longest && fallback.find(' ') == std::string_view::npos && !fallback.empty()) take(fallback);
  return longest;
}

}  // namespace

void complain_of_assumptions(const Arguments& arguments, const std::string& word, const Model& model) {
  if (arguments.has(OptionId::quiet)) complain_of_assumptions(word, model, longest_context(arguments));
}

void complain_of_assumptions(std::string_view word, const Model& model, const std::optional<Count>& longest) {
  for (const std::string& note : model.assumptions) complain(format("{}: note: {}", word, note));
  if (!longest) return;
  const std::optional<std::string_view> status = window_status(model.positions, *longest);
  if (status != "beyond" && status != "impossible") return;
  complain(format("{}: note: {}", word, window_note(model, *longest)));
}

void require_model(std::string_view command, const std::vector<std::string>& words) {
  if (!words.empty()) return;
  throw_fault(command, "expected a MODEL, found nothing",
              "a JSON file, a directory with a config.json, - for standard input, or a catalogue name");
}

std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words) {
  const LoadOptions options = load_options(arguments);
  std::vector<SharedModel> models;
  std::vector<InputError> errors;
  for (const std::string& word : words) {
    try {
      models.push_back(load(word, options));
      complain_of_assumptions(arguments, word, *models.back());
    } catch (const InputError& error) {
      errors.push_back(error);
    }
  }
  if (models.empty()) {
    std::vector<Diagnostic> faults;
    for (const InputError& error : errors) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
    throw InputError(std::move(faults));
  }
  for (const InputError& error : errors) leave_out(error, words.size());
  return models;
}

}  // namespace ctxcost::cli
