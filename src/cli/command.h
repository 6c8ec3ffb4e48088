// The commands of the program. A new one is a file of its own and a line in commands.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "targets.h"

namespace ctxcost::cli {

/// Exit status.
enum class Status { answered = 0, over_budget = 1, no_answer = 2 };

struct Command {
  std::string_view name;       ///< "scale"
  std::string_view arguments;  ///< "MODEL..."
  std::string_view summary;    ///< one line
  std::span<const OptionId> options;
  std::string_view examples;  ///< lines of the help
  Status (*run)(const Arguments& arguments);
  std::vector<TargetFormat> (*formats)() = nullptr;  ///< the values of --format, the default first
  Completion words = Completion::none;               ///< what its arguments name
  std::string_view limits = {};              ///< lines of the help: how much may be asked for, if not any amount
  Completion first_word = Completion::none;  ///< what its first argument names, if something else
};

std::span<const Command* const> commands();
/// Returns the command of that name, or null.
const Command* find_command(std::string_view name);
/// Returns the name of the command that a misspelt word may mean. Empty if none is near.
std::string_view near_command(std::string_view word);

/// Returns the options that the help of a command shows, as they apply to it: its own and those of all commands.
std::vector<Option> options_of(const Command& command);
/// Returns whether a command has an option of its own.
bool has_option(const Command& command, OptionId id);
/// Returns the names of the commands that have an option, separated by commas.
std::string commands_with(OptionId id);

/// How much the help says: what fits a screen, or all.
enum class HelpLength { screen, all };
/// Returns the help of the whole program, or of one command.
std::string program_help(HelpLength length);
std::string command_help(const Command& command, HelpLength length);
/// What the help says of every MODEL.
extern const std::string_view kModels;

/// What an exit status says.
struct StatusMeaning {
  Status status;
  std::string_view meaning;
};
/// Returns the meaning of each status, in order.
std::span<const StatusMeaning> status_meanings();
/// What the help says of a run that a signal ends.
extern const std::string_view kSignalMeaning;
/// "0 answered, and it fits or is within budget; 1 …", in one sentence.
std::string exit_status();

}  // namespace ctxcost::cli
