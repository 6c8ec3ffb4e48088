// The command line, against a table of options: one constexpr table for each command.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::cli {

/// One option of a command.
struct OptionInfo {
  std::string_view name;     ///< "--context"
  char letter;               ///< 'n' for -n, or 0
  std::string_view value;    ///< what stands for its value in the help; empty for a flag
  std::string_view meaning;  ///< one line, or several joined by '\n'
  bool repeatable = false;   ///< every value counts; where not, a second value is an error (flags may be repeated)
};

/// The choice that is `given`; throws InputError naming `option`, with a near match.
std::string_view choose(std::string_view option, std::string_view given, std::span<const std::string_view> choices);

/// What was given: the options' values in order, and the words that are no options.
class Arguments {
 public:
  Arguments(std::span<const OptionInfo> table, std::vector<std::vector<std::string>> values,
            std::vector<std::size_t> order, std::vector<std::string> words)
      : table_(table), values_(std::move(values)), order_(std::move(order)), words_(std::move(words)) {}

  const std::vector<std::string>& words() const { return words_; }
  bool has(std::string_view option) const { return !all(option).empty(); }
  /// Every value of an option that may be repeated; a flag has one "true" for each time.
  const std::vector<std::string>& all(std::string_view option) const;
  /// The value, or `fallback`; of an option that may be repeated the last.
  std::string_view value(std::string_view option, std::string_view fallback = {}) const;
  /// The same, which has to be one of `choices`; throws InputError with a near match.
  std::string_view choice(std::string_view option, std::span<const std::string_view> choices,
                          std::string_view fallback) const;

  struct Occurrence {
    std::string_view option;
    std::string_view value;
  };
  /// Every option with its value, as they stood on the command line.
  std::vector<Occurrence> occurrences() const;

 private:
  std::span<const OptionInfo> table_;
  std::vector<std::vector<std::string>> values_;  // as table_
  std::vector<std::size_t> order_;                // of each occurrence the place in table_
  std::vector<std::string> words_;
};

/// Reads `tokens` (without program and command name). Throws InputError for unknown options, missing values, values
/// where none belongs, and a second value of an option that has one.
Arguments parse_arguments(std::span<const OptionInfo> table, std::span<const char* const> tokens);

/// True when --help or -h (or --version) stands among the tokens before a "--".
bool asks_for(std::string_view option, std::string_view letter, std::span<const char* const> tokens);

}  // namespace ctxcost::cli
