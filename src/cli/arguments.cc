// The only source that sees CLI11: it takes seconds to compile.
#include "arguments.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {
namespace {

/// Marks the options that a token may name: "--format", "--format=csv", "-n4K", "-qv".
void mark_named(std::string_view token, std::vector<bool>& named) {
  if (token.size() < 2 || token[0] != '-') return;
  const auto mark = [&named](std::string_view name) {
    if (const Option* const found = find_option(name)) named[static_cast<std::size_t>(found->id)] = true;
  };
  if (token[1] == '-') return mark(token.substr(0, token.find('=')));
  for (const char letter : token.substr(1)) mark(std::string{'-', letter});
}

[[noreturn]] void fail_value(const Option& option) {
  if (option.is_flag())
    throw_fault(option.name, "takes no value", format("write \"{}\"", std::string_view(option.name)));
  throw_fault(option.name, "expected a value, found nothing",
              format("write \"{} {}\"", std::string_view(option.name), option.value));
}

[[noreturn]] void fail_unknown(std::span<const OptionId> ids, std::string_view token, NameCommands commands_with) {
  const bool long_name = token.starts_with("--");
  const std::string_view word = long_name ? token.substr(0, token.find('=')) : token;
  if (const Option* const other = find_option(long_name ? word : word.substr(0, 2))) {
    if (other->group == OptionGroup::general) fail_value(*other);  // --help=yes, -qh
    throw_fault(other->name, format("is an option of {}", commands_with(other->id)), "");
  }
  std::vector<std::string_view> names = {option(OptionId::help).name, option(OptionId::version).name};
  for (const OptionId id : ids) names.push_back(option(id).name);
  const std::string hint = did_you_mean(word, names);
  throw_fault(word, "unknown option", hint.empty() ? "--help lists all" : hint);
}

/// Rewrites CLI11's error about one option. Its text starts with the option's name.
[[noreturn]] void fail_values(std::string_view complaint) {
  const Option* const found = find_option(complaint.substr(0, complaint.find_first_of(": ")));
  if (found == nullptr) throw_fault("", std::string(complaint), "--help shows the usage");
  fail_value(*found);
}

/// Makes no help flag, which would be taken out again: --help is seen to before.
struct EmptyApp : CLI::App {
  EmptyApp() : CLI::App("", "", nullptr) {}
};

/// Throws InputError for values that the option refuses.
void check(const Option& option, std::string_view value) {
  if (option.completion == Completion::words) choose(option.name, value, words_of(option));
  if (option.check != nullptr) option.check(value, option.name);
}

}  // namespace

Arguments::Arguments(std::string_view command, std::vector<Occurrence> occurrences, std::vector<std::string> words)
    : command_(command), occurrences_(std::move(occurrences)), values_(options().size()), words_(std::move(words)) {
  for (const Occurrence& one : occurrences_) values_[static_cast<std::size_t>(one.id)].push_back(one.value);
}

std::string_view Arguments::value(OptionId id) const {
  const std::vector<std::string>& values = all(id);
  return values.empty() ? std::string_view() : std::string_view(values.back());
}

std::string_view Arguments::value_or_fallback(OptionId id) const {
  return has(id) ? value(id) : option_of(id, command_).fallback;
}

std::string_view choose(std::string_view option, std::string_view given, std::span<const std::string_view> choices) {
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == given) return choices[i];
    list += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + std::string(choices[i]);
  }
  throw_fault(option, format("expected {}, found \"{}\"", list, given), did_you_mean(given, choices));
}

bool asks_for(OptionId flag, std::span<const char* const> tokens) {
  const Option& wanted = option(flag);
  for (const std::string_view token : tokens) {
    if (token == "--") return false;
    const bool letter = token.size() == 2 && token[0] == '-' && token[1] == wanted.letter;
    if (letter || token == wanted.name) return true;
  }
  return false;
}

Arguments parse_arguments(std::string_view command, std::span<const OptionId> ids, std::span<const char* const> tokens,
                          NameCommands commands_with) {
  // CLI11's cost grows with the square of the number of options, so only those that the tokens may name are registered.
  // An option that CLI11 then does not know is not one of the command's.
  std::vector<bool> named(options().size(), false);
  for (const std::string_view token : tokens) {
    if (token == "--") break;
    mark_named(token, named);
  }

  struct Registered {
    Option option;
    CLI::Option* in_app;
    CLI::results_t values = {};
    std::size_t told = 0;  // of the values
  };
  std::vector<Registered> registered;
  EmptyApp app;
  for (const OptionId id : ids) {
    if (!named[static_cast<std::size_t>(id)]) continue;
    const Option one = option_of(id, command);
    std::string names(one.name);
    if (one.letter != 0) names += std::string{',', '-', one.letter};
    CLI::Option* const in_app = app.add_option(names);
    in_app->type_size(one.is_flag() ? 0 : 1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (!one.is_flag()) in_app->expected(1)->allow_extra_args(false);
    registered.push_back({one, in_app});
  }
  // CLI11 would take the next token for the value of "--format=".
  for (const std::string_view token : tokens) {
    if (token == "--") break;
    if (token.size() < 2 || !token.ends_with('=')) continue;
    for (const Registered& one : registered) {
      if (token.substr(0, token.size() - 1) == one.option.name) fail_value(one.option);
    }
  }
  app.allow_extras();
  std::vector<std::string> reversed(tokens.rbegin(), tokens.rend());  // the order that CLI11 expects
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    fail_values(error.what());
  }

  for (Registered& one : registered) {
    one.values = one.in_app->results();
    if (one.option.is_flag()) {
      if (std::any_of(one.values.begin(), one.values.end(),
                      [](const auto& value) { return !value.empty() && value != "true"; })) {
        fail_value(one.option);
      }
    } else if (!one.option.repeatable && one.values.size() > 1) {
      throw_fault(one.option.name, format("given twice: \"{}\" and \"{}\"", one.values[0], one.values[1]),
                  "keep one of them");
    }
  }
  // CLI11 leaves the words and the unknown options. It keeps "--", after which everything is a word.
  std::vector<std::string> words;
  bool marked = false;
  for (std::string& word : app.remaining()) {
    if (!marked && word == "--") {
      marked = true;
      continue;
    }
    if (!marked && word.size() > 1 && word[0] == '-') fail_unknown(ids, word, commands_with);
    words.push_back(std::move(word));
  }

  std::vector<Arguments::Occurrence> occurrences;
  for (const CLI::Option* const given : app.parse_order()) {
    for (Registered& one : registered) {
      if (one.in_app != given) continue;
      std::string& value = one.values.at(one.told++);
      check(one.option, value);
      occurrences.push_back({one.option.id, std::move(value)});
    }
  }
  return {command, std::move(occurrences), std::move(words)};
}

}  // namespace ctxcost::cli
