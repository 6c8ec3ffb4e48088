// The list of commands, in the order in which they are shown.
#include "command.h"

namespace ctxcost::cli {

extern const Command kCheck;
extern const Command kDiff;
extern const Command kFit;
extern const Command kList;
extern const Command kScale;
extern const Command kSchema;
extern const Command kShow;
extern const Command kSolve;

std::span<const Command* const> commands() {
  static constexpr const Command* kAll[] = {&kScale, &kFit, &kSolve, &kCheck, &kDiff, &kList, &kShow, &kSchema};
  return kAll;
}

const Command* find_command(std::string_view name) {
  for (const Command* command : commands()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

}  // namespace ctxcost::cli
