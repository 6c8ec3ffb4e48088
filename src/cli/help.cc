#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "core/format.h"
#include "ctxcost/answer/listing.h"
#include "ctxcost/core/diagnostic.h"
#include "glossary.h"
#include "help_lines.h"
#include "topics.h"

namespace ctxcost::cli {

constinit const std::string_view kModels =
    "MODEL is a JSON file (our own format or a HuggingFace config.json), a .gguf or\n"
    ".safetensors file, a directory of such files, - for standard input, or a name\n"
    "from the built-in catalogue; ./NAME always means a file, not a catalogue name.\n";

constinit const std::string_view kSignalMeaning =
    "A signal that ends it leaves no file, and the status is the signal's.";

std::span<const StatusMeaning> status_meanings() {
  static constexpr StatusMeaning kMeanings[] = {
      {Status::answered, "answered, and it fits or is within budget"},
      {Status::over_budget, "answered, and it does not"},
      {Status::no_answer, "no answer: bad usage, bad input, or a file that cannot be read or written"},
  };
  return kMeanings;
}

std::string exit_status() {
  std::string text;
  for (const StatusMeaning& one : status_meanings()) {
    text += format("{}{} {}", text.empty() ? "" : "; ", static_cast<int>(one.status), one.meaning);
  }
  return format("{}. {}", text, kSignalMeaning);
}

namespace {

constexpr std::size_t kMeaningColumn = 28;

/// "table, json or csv"
std::string names_of(const std::vector<TargetFormat>& formats) {
  std::string text;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    text += i == 0 ? "" : i + 1 == formats.size() ? " or " : ", ";
    text += formats[i].name;
  }
  return text;
}

/// "sequences at once: a list; may be repeated (1)". On the first screen only what stands before a semicolon.
std::string meaning_of(const Option& option, std::string_view syntax, HelpLength length) {
  const bool screen = length == HelpLength::screen;
  const auto cut = [screen](std::string_view text) { return screen ? text.substr(0, text.find(';')) : text; };
  std::string text(cut(option.meaning));
  if (!syntax.empty()) text += format(": {}", cut(syntax));
  if (option.repeatable && option.value != "LIST" && !screen) text += "; may be repeated";
  if (!option.fallback.empty()) text += format(" ({})", option.fallback);
  return text;
}

void append_option(std::string& out, const Option& option, std::string_view syntax, HelpLength length) {
  std::string left = option.letter != 0 ? std::string{' ', ' ', '-', option.letter, ',', ' '} : "      ";
  left += option.name;
  if (!option.value.empty()) left += format(" {}", option.value);
  append_row(out, left, kMeaningColumn, meaning_of(option, syntax, length));
}

/// The options of a command: all by their groups, or the common ones.
void append_options(std::string& out, const Command& command, HelpLength length) {
  const std::vector<Option> all = options_of(command);
  const bool some = length == HelpLength::screen &&
                    !std::all_of(all.begin(), all.end(), [](const Option& one) { return one.common; });
  std::string_view title;
  if (some) out += "\nCommon options:\n";
  for (const Option& option : all) {
    if (some && !option.common) continue;
    if (!some && heading(option.group) != title) {
      title = heading(option.group);
      out += format("\n{}:\n", title);
    }
    const bool formats = option.id == OptionId::format && command.formats != nullptr;
    append_option(out, option, formats ? names_of(command.formats()) : std::string(some ? "" : option.syntax),
                  some ? HelpLength::screen : HelpLength::all);
  }
}

}  // namespace

std::string command_help(const Command& command, HelpLength length) {
  std::string out = format("Usage: ctxcost {}{}{} [OPTION...]\n\n{}\n", command.name,
                           command.arguments.empty() ? "" : " ", command.arguments, command.summary);
  const bool screen = length == HelpLength::screen;
  const bool models = command.words == Completion::model || command.first_word == Completion::model;
  if (models && !screen) out += format("\n{}", kModels);
  append_options(out, command, length);
  if (!command.limits.empty() && !screen) out += format("\n{}", command.limits);
  out += format("\nExamples:\n{}\n", command.examples);
  append_paragraph(
      out, screen ? format("More: --help-all{}, `ctxcost help exit-status`.", models ? ", `ctxcost help names`" : "")
                  : "Exit status: " + exit_status());
  return out;
}

std::string program_help(HelpLength length) {
  std::string out =
      "ctxcost: what a context length costs a transformer, exactly\n\n"
      "Usage: ctxcost MODEL... [OPTION...]      short for `ctxcost scale`\n"
      "       ctxcost COMMAND [ARGUMENT...]     --help: common options, --help-all: all\n"
      "\nCommands:\n";
  for (const Command* command : commands()) {
    std::string left = format("  {} {}", command->name, command->arguments);
    left.resize(std::max<std::size_t>(left.size() + 2, 24), ' ');
    out += left + std::string(command->summary) + "\n";
  }
  out += "\nTopics:\n";
  for (const Topic& topic : topics()) append_row(out, format("  {}", topic.name), 24, topic.summary);
  if (length == HelpLength::all) {
    out += format("\n{}\nCommon options:\n", kModels);
    // Those of the command that needs no name.
    for (const Option& option : options_of(*find_command("scale"))) {
      if (option.common) append_option(out, option, {}, length);
    }
  }
  out += "\nExamples:\n";
  if (length == HelpLength::screen) {
    for (const std::string_view name : {"scale", "fit", "find"}) {
      const std::string_view examples = find_command(name)->examples;
      out += examples.substr(0, examples.find('\n') + 1);
    }
  } else {
    for (const Command* command : commands()) out += command->examples;
    out += "\n";
    append_paragraph(out, "Exit status: " + exit_status());
  }
  return out;
}

namespace {

std::string topic_help(const Topic& topic) { return format("{}: {}\n\n{}", topic.name, topic.summary, topic.text()); }

Status run_help(const Arguments& arguments) {
  // "exit status" is one topic.
  std::string word;
  for (const std::string& part : arguments.words()) word += (word.empty() ? "" : "-") + part;
  std::string text;
  std::vector<std::string_view> names;
  // Topics first: of names that are equally near the first is named, and commands have misspellings of their own.
  for (const Topic& topic : topics()) {
    if (topic.name == word) text = topic_help(topic);
    names.push_back(topic.name);
  }
  for (const Command* command : commands()) {
    if (command->name == word) text = command_help(*command, HelpLength::screen);
    names.push_back(command->name);
  }
  if (word.empty()) text = program_help(HelpLength::screen);
  if (text.empty()) {
    if (const GlossaryTerm* const term = find_term(word)) text = glossary_entry(*term);
  }
  if (text.empty()) {
    const std::vector<std::string> terms = glossary_names();
    names.insert(names.end(), terms.begin(), terms.end());
    std::string hint = did_you_mean(word, names);
    if (hint.empty()) hint = "`ctxcost help` lists all";
    for (const ListingKind& kind : listing_kinds()) {
      if (kind.name == word) hint = format("`ctxcost list {}` lists them, `ctxcost show NAME` has one in full", word);
    }
    throw_fault("help", format("unknown command or topic \"{}\"", word), std::move(hint));
  }
  deliver(Target{}, text);
  return Status::answered;
}

}  // namespace

extern const Command kHelp;
const Command kHelp = {.name = "help",
                       .arguments = "[COMMAND|TOPIC]",
                       .summary = "the help of a command, or a topic",
                       .options = {},
                       .examples = "  ctxcost help fit\n  ctxcost help units\n",
                       .run = run_help,
                       .first_word = Completion::help};

}  // namespace ctxcost::cli
