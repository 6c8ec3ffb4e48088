// The command line of one command, parsed with the table of options.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace ctxcost::cli {

/// Returns the choice equal to `given`. Throws InputError naming `option` and a near match.
std::string_view choose(std::string_view option, std::string_view given, std::span<const std::string_view> choices);

/// The arguments of a command: the options' values in order, and the words that are not options.
class Arguments {
 public:
  /// One option with its value.
  struct Occurrence {
    OptionId id;
    std::string value;
  };

  Arguments(std::string_view command, std::vector<Occurrence> occurrences, std::vector<std::string> words);

  /// Returns the words that are not options: models, files, a topic.
  const std::vector<std::string>& words() const { return words_; }
  /// Returns whether the option was given.
  bool has(OptionId id) const { return !all(id).empty(); }
  /// Returns every value, in order. A flag has one "true" for each use.
  const std::vector<std::string>& all(OptionId id) const { return values_[static_cast<std::size_t>(id)]; }
  /// Returns the value, or nothing. For a repeatable option this is the last value.
  std::string_view value(OptionId id) const;
  /// Returns the value, or the command's default from the table.
  std::string_view value_or_fallback(OptionId id) const;
  /// Returns every option with its value, in command-line order.
  const std::vector<Occurrence>& occurrences() const { return occurrences_; }

 private:
  std::string_view command_;
  std::vector<Occurrence> occurrences_;
  std::vector<std::vector<std::string>> values_;  // by OptionId
  std::vector<std::string> words_;
};

/// Returns the commands that have an option, separated by commas.
using NameCommands = std::string (*)(OptionId id);

/// Reads `tokens` (without program and command name) for the command of that name, which has those options. Throws
/// InputError for unknown options and options of another command, for missing, superfluous or refused values, and for a
/// second value of an option that takes one.
Arguments parse_arguments(std::string_view command, std::span<const OptionId> ids, std::span<const char* const> tokens,
                          NameCommands commands_with);

/// Returns whether a flag (--help, -h, --version) is among the tokens before a "--".
bool asks_for(OptionId flag, std::span<const char* const> tokens);

}  // namespace ctxcost::cli
