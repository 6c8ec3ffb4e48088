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

/// Returns the options that the help of a command shows, as they apply to it: its own and those of all commands.
std::vector<Option> options_of(const Command& command);
/// Returns whether a command has an option of its own.
bool has_option(const Command& command, OptionId id);
/// Returns the names of the commands that have an option, separated by commas.
std::string commands_with(OptionId id);

/// Returns the help of the whole program, or of one command.
std::string program_help();
std::string command_help(const Command& command);
/// What the help says of every MODEL, and of the exit status.
extern const std::string_view kModels;
extern const std::string_view kExitStatus;

}  // namespace ctxcost::cli
