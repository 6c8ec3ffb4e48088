// The options of all commands, each written once: name, value, default, help and reader of its value. A command lists
// the ids of its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost::cli {

/// One option, in the order of the table and of the help.
enum class OptionId : std::uint8_t {
  context,
  batch,
  users,
  lengths,
  shared_prefix,
  kv_precision,
  weights,
  engine,
  images,
  family,
  parameters,
  convention,
  logits,
  assume,
  set,
  ndjson,
  keep_going,
  with,
  claim,
  positions,
  stage,
  schedule,
  warm_up,
  tokens,
  baseline_context,
  recompute,
  flash,
  dropout,
  optimizer,
  zero,
  sequence_parallel,
  evaluation_grid,
  depths,
  trials,
  needles,
  documents,
  pairs,
  gold_positions,
  examples,
  document_tokens,
  pair_tokens,
  answer_tokens,
  prefix_reuse,
  seed,
  plan,
  results,
  gpu,
  parallel,
  utilization,
  overhead,
  margin,
  kv_memory,
  host_bandwidth,
  lora,
  draft,
  kv_host,
  beyond_window,
  activations,
  mfu,
  mbu,
  price,
  power,
  fail_if,
  fail_on,
  baseline,
  max_increase,
  exit_zero,
  format,
  output,
  save,
  columns,
  explain_columns,
  plot,
  chart,
  jobs,
  units,
  color,
  width,
  wide,
  quiet,
  verbose,
  help,
  help_all,
  version,
};

/// The group of the help that lists an option.
enum class OptionGroup : std::uint8_t { question, devices, verdict, output, general };
/// Returns its heading: "Devices".
std::string_view heading(OptionGroup group);

/// What a shell completes for a value, or for a word of a command.
enum class Completion : std::uint8_t {
  none,
  words,  ///< the words of the option's `value`: "si|iec"
  file,
  model,
  gpu,
  kv_precision,
  weights,
  engine,
  convention,
  format,  ///< the formats of the command
  metric,
  length,
  listing,   ///< a kind of `list`
  schema,    ///< a kind of `schema`
  question,  ///< what `solve` looks for
  test,      ///< what `evaluate` costs
  entry,     ///< anything built in, for `show`
  shell,     ///< what `completions` writes for
  help,      ///< a command, or a topic of the help
  command,
};

/// "--kv-precision". The name of a setting of budget files ("kv_precision") becomes an option's.
class OptionName {
 public:
  /// Of "--format".
  template <std::size_t Size>
  constexpr OptionName(const char (&text)[Size]) : OptionName(std::string_view(text, Size - 1).substr(2)) {}
  /// Of a setting.
  constexpr explicit OptionName(std::string_view name) : size_(static_cast<std::uint8_t>(name.size() + 2)) {
    text_[0] = text_[1] = '-';
    for (std::size_t i = 0; i < name.size(); ++i) text_.at(i + 2) = name[i] == '_' ? '-' : name[i];
  }
  constexpr operator std::string_view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 19> text_{};
  std::uint8_t size_;
};

/// One row of the table.
struct Option {
  OptionId id;
  OptionName name;
  char letter;             ///< 'n' for -n, or 0
  std::string_view value;  ///< the placeholder of its value in the help, or all words that it takes: "last|all"
  OptionGroup group;
  Completion completion;
  std::string_view meaning;
  std::string_view syntax = {};    ///< how a value is written
  std::string_view fallback = {};  ///< the default: a value, or words about it
  /// Throws InputError naming `source` for an invalid value. Null: the value is checked where it is used.
  void (*check)(std::string_view value, std::string_view source) = nullptr;
  bool repeatable = false;  ///< every value counts; if false, a second value is an error (flags may be repeated)
  bool common = false;      ///< shown by --help; the others by --help-all

  constexpr bool is_flag() const { return value.empty(); }
};

/// The table.
std::span<const Option> options();
/// Its row.
const Option& option(OptionId id);
/// Returns the row of that name ("--batch") or letter ("-b"), or null.
const Option* find_option(std::string_view name);

/// Returns the row as it applies to a command: `scale` has another default of --convention than `fit`.
Option option_of(OptionId id, std::string_view command);

/// Returns the words of "last|all". None if the option takes other values.
std::vector<std::string_view> words_of(const Option& option);

}  // namespace ctxcost::cli
