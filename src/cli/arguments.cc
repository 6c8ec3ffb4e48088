#include "arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {
namespace {

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// Where the option of that name or letter stands in the table, or its size.
std::size_t find(std::span<const OptionInfo> table, std::string_view name) {
  std::size_t i = 0;
  while (i < table.size() && table[i].name != name) ++i;
  return i;
}

/// Marks the options that a token may name: "--format", "--format=csv", "-n4K", "-qv".
void mark_named(std::span<const OptionInfo> table, std::string_view token, std::vector<bool>& named) {
  if (token.size() < 2 || token[0] != '-') return;
  if (token[1] == '-') {
    const std::size_t i = find(table, token.substr(0, token.find('=')));
    if (i < table.size()) named[i] = true;
    return;
  }
  for (const char letter : token.substr(1)) {
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table[i].letter == letter) named[i] = true;
    }
  }
}

[[noreturn]] void fail_unknown(std::span<const OptionInfo> table, std::string_view token) {
  const std::string_view word = token.starts_with("--") ? token.substr(0, token.find('=')) : token;
  std::vector<std::string_view> names = {"--help", "--version"};
  for (const OptionInfo& option : table) names.push_back(option.name);
  std::string hint = did_you_mean(word, names);
  if (hint.empty()) hint = "--help lists all";
  throw InputError(Diagnostic{std::string(word), "", "unknown option", hint});
}

/// CLI11's complaint about one option in our words: its text starts with the option's name.
[[noreturn]] void fail_values(std::span<const OptionInfo> table, std::string_view complaint) {
  const std::string_view name = complaint.substr(0, complaint.find_first_of(": "));
  const std::size_t i = find(table, name);
  if (i == table.size()) throw InputError(Diagnostic{"", "", std::string(complaint), "--help shows the usage"});
  const OptionInfo& option = table[i];
  if (option.value.empty()) {
    throw InputError(Diagnostic{std::string(option.name), "", "takes no value", "write " + in_quotes(option.name)});
  }
  throw InputError(Diagnostic{std::string(option.name), "", "expected a value, found nothing",
                              "write " + in_quotes(std::string(option.name) + " " + std::string(option.value))});
}

}  // namespace

const std::vector<std::string>& Arguments::all(std::string_view option) const {
  return values_.at(find(table_, option));
}

std::string_view Arguments::value(std::string_view option, std::string_view fallback) const {
  const std::vector<std::string>& values = all(option);
  return values.empty() ? fallback : std::string_view(values.back());
}

std::string_view Arguments::choice(std::string_view option, std::span<const std::string_view> choices,
                                   std::string_view fallback) const {
  return choose(option, value(option, fallback), choices);
}

std::vector<Arguments::Occurrence> Arguments::occurrences() const {
  std::vector<Occurrence> all;
  std::vector<std::size_t> seen(table_.size(), 0);
  for (const std::size_t i : order_) all.push_back({table_[i].name, values_[i].at(seen[i]++)});
  return all;
}

std::string_view choose(std::string_view option, std::string_view given, std::span<const std::string_view> choices) {
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == given) return choices[i];
    list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
  }
  throw InputError(Diagnostic{std::string(option), "", "expected " + list + ", found " + in_quotes(given),
                              did_you_mean(given, choices)});
}

bool asks_for(std::string_view option, std::string_view letter, std::span<const char* const> tokens) {
  for (const std::string_view token : tokens) {
    if (token == "--") return false;
    if (token == option || (!letter.empty() && token == letter)) return true;
  }
  return false;
}

Arguments parse_arguments(std::span<const OptionInfo> table, std::span<const char* const> tokens) {
  // CLI11's cost grows with the square of the number of options, so that only those are registered that the tokens
  // may name; what it then does not know is unknown in the table, too.
  std::vector<bool> named(table.size(), false);
  for (const std::string_view token : tokens) {
    if (token == "--") break;
    mark_named(table, token, named);
    // CLI11 would take the next token for the value.
    if (token.size() > 1 && token.ends_with('=')) {
      const std::string_view name = token.substr(0, token.size() - 1);
      if (find(table, name) < table.size()) fail_values(table, name);
    }
  }

  std::vector<std::vector<std::string>> values(table.size());
  std::vector<std::string> words;
  std::vector<const CLI::Option*> options(table.size(), nullptr);
  CLI::App app;
  app.set_help_flag();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!named[i]) continue;
    std::string names(table[i].name);
    if (table[i].letter != 0) names = std::string{'-', table[i].letter, ','} + names;
    const bool flag = table[i].value.empty();
    const auto take = [&, i, flag](const CLI::results_t& results) {
      for (const std::string& result : results) {
        if (flag && !result.empty() && result != "true") fail_values(table, table[i].name);
        values[i].push_back(result);
      }
      return true;
    };
    CLI::Option* const option = app.add_option(names, take);
    options[i] = option;
    if (flag) {
      option->type_size(0)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    } else {
      option->type_size(1)->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
  app.allow_extras();
  std::vector<std::string> reversed(tokens.rbegin(), tokens.rend());  // as CLI11 wants them
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    fail_values(table, error.what());
  }

  std::vector<std::size_t> order;
  for (const CLI::Option* option : app.parse_order()) {
    order.push_back(static_cast<std::size_t>(std::find(options.begin(), options.end(), option) - options.begin()));
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].repeatable || table[i].value.empty() || values[i].size() < 2) continue;
    throw InputError(Diagnostic{std::string(table[i].name), "",
                                "given twice: " + in_quotes(values[i][0]) + " and " + in_quotes(values[i][1]),
                                "keep one of them"});
  }

  // What CLI11 leaves over are the words and the unknown options; after "--", which it keeps, everything is a word.
  bool marked = false;
  for (std::string& word : app.remaining()) {
    if (!marked && word == "--") {
      marked = true;
      continue;
    }
    if (!marked && word.size() > 1 && word[0] == '-') fail_unknown(table, word);
    words.push_back(std::move(word));
  }
  return {table, std::move(values), std::move(order), std::move(words)};
}

}  // namespace ctxcost::cli
