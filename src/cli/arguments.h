// The command line of one command, read against the table of options.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace ctxcost::cli {

/// The choice that is `given`; throws InputError naming `option`, with a near match.
std::string_view choose(std::string_view option, std::string_view given, std::span<const std::string_view> choices);

/// What was given: the options' values in order, and the words that are no options.
class Arguments {
 public:
  /// One option with its value.
  struct Occurrence {
    OptionId id;
    std::string value;
  };

  Arguments(std::string_view command, std::vector<Occurrence> occurrences, std::vector<std::string> words);

  /// What is no option: models, files, a topic.
  const std::vector<std::string>& words() const { return words_; }
  /// Whether the option was given.
  bool has(OptionId id) const { return !all(id).empty(); }
  /// Every value, in order; a flag has one "true" for each time.
  const std::vector<std::string>& all(OptionId id) const { return values_[static_cast<std::size_t>(id)]; }
  /// The value, or nothing; of an option that may be repeated the last.
  std::string_view value(OptionId id) const;
  /// The value, or the command's default as the table has it.
  std::string_view value_or_fallback(OptionId id) const;
  /// Every option with its value, as they stood on the command line.
  const std::vector<Occurrence>& occurrences() const { return occurrences_; }

 private:
  std::string_view command_;
  std::vector<Occurrence> occurrences_;
  std::vector<std::vector<std::string>> values_;  // by OptionId
  std::vector<std::string> words_;
};

/// The commands that have an option, separated by commas.
using NameCommands = std::string (*)(OptionId id);

/// Reads `tokens` (without program and command name) for the command of that name, which has those options. Throws
/// InputError for options that are unknown or another command's, missing values, values where none belongs or that the
/// option refuses, and a second value of an option that has one.
Arguments parse_arguments(std::string_view command, std::span<const OptionId> ids, std::span<const char* const> tokens,
                          NameCommands commands_with);

/// Whether a flag (--help, -h, --version) stands among the tokens before a "--".
bool asks_for(OptionId flag, std::span<const char* const> tokens);

}  // namespace ctxcost::cli
