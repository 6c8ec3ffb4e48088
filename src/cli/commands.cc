// The list of commands, in the order in which they are shown.
#include "command.h"

#include <algorithm>
#include <string>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {

extern const Command kCheck;
extern const Command kCompare;
extern const Command kCompletions;
extern const Command kDiff;
extern const Command kEvaluate;
extern const Command kExplain;
extern const Command kFind;
extern const Command kFit;
extern const Command kHelp;
extern const Command kInit;
extern const Command kList;
extern const Command kMan;
extern const Command kReconcile;
extern const Command kReport;
extern const Command kScale;
extern const Command kSchema;
extern const Command kShow;
extern const Command kSolve;
extern const Command kTrain;

std::span<const Command* const> commands() {
  static constexpr const Command* kAll[] = {
      &kScale,    &kExplain,   &kCompare, &kFit,  &kSolve, &kFind,   &kCheck,       &kInit, &kDiff, &kTrain,
      &kEvaluate, &kReconcile, &kReport,  &kList, &kShow,  &kSchema, &kCompletions, &kMan,  &kHelp};
  return kAll;
}

const Command* find_command(std::string_view name) {
  for (const Command* command : commands()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

std::string_view near_command(std::string_view word) {
  std::vector<std::string_view> names;
  names.reserve(commands().size());
  for (const Command* const command : commands()) names.push_back(command->name);
  return near_match(word, names);
}

bool has_option(const Command& command, OptionId id) {
  return std::find(command.options.begin(), command.options.end(), id) != command.options.end();
}

std::vector<Option> options_of(const Command& command) {
  std::vector<Option> all;
  for (const Option& row : options()) {
    if (row.group == OptionGroup::general || has_option(command, row.id)) {
      all.push_back(option_of(row.id, command.name));
    }
  }
  return all;
}

std::string commands_with(OptionId id) {
  std::string names;
  for (const Command* const command : commands()) {
    if (!has_option(*command, id)) continue;
    names += (names.empty() ? "" : ", ") + std::string(command->name);
  }
  return names;
}

}  // namespace ctxcost::cli
