#include "counting.h"

#include "command.h"
#include "complaints.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/input.h"
#include "option_values.h"

namespace ctxcost::cli {

namespace {

/// Loads a model by name. A first word that looks like a misspelt command gets a hint.
Model load(const std::string& word, const LoadOptions& options) {
  try {
    return load_model(word, options);
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    if (diagnostics.size() != 1 || diagnostics[0].source != word || diagnostics[0].hint.ends_with('?')) throw;
    std::vector<std::string_view> names = {"help"};
    for (const Command* command : commands()) names.push_back(command->name);
    const std::string_view match = near_match(word, names);
    if (match.empty()) throw;
    diagnostics[0].hint = "did you mean the command \"" + std::string(match) + "\"?";
    throw InputError(std::move(diagnostics));
  }
}

}  // namespace

std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words) {
  const LoadOptions options = load_options(arguments);
  std::vector<SharedModel> models;
  std::vector<InputError> errors;
  for (const std::string& word : words) {
    try {
      models.push_back(load(word, options));
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
