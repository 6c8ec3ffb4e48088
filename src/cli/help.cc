#include <algorithm>
#include <string>

#include "command.h"
#include "core/format.h"

namespace ctxcost::cli {

constinit const std::string_view kModels =
    "MODEL is a JSON file (our own format or a HuggingFace config.json), a .gguf or\n"
    ".safetensors file, a directory of such files, - for standard input, or a name\n"
    "from the built-in catalogue; ./NAME always means a file, not a catalogue name.\n";

constinit const std::string_view kExitStatus =
    "Exit status: 0 answered, and it fits or is within budget; 1 answered, and it\n"
    "does not; 2 no answer: bad usage, bad input, or a file that cannot be read or\n"
    "written. A signal that ends it leaves no file, and the status is the signal's.\n";

namespace {

constexpr std::size_t kWidth = 80;
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

/// "sequences at once: a list; may be repeated (1)"
std::string meaning_of(const Option& option, std::string_view syntax) {
  std::string text(option.meaning);
  if (!syntax.empty()) text += format(": {}", syntax);
  if (option.repeatable && option.value != "LIST") text += "; may be repeated";
  if (!option.fallback.empty()) text += format(" ({})", option.fallback);
  return text;
}

/// Writes an option with its meaning, in lines of at most kWidth.
void append_option(std::string& out, const Option& option, std::string_view syntax) {
  std::string line = option.letter != 0 ? std::string{' ', ' ', '-', option.letter, ',', ' '} : "      ";
  line += option.name;
  if (!option.value.empty()) line += format(" {}", option.value);
  if (line.size() + 2 > kMeaningColumn) {
    out += line + "\n";
    line.clear();
  }
  line.resize(kMeaningColumn, ' ');
  const std::string meaning = meaning_of(option, syntax);
  std::string_view rest = meaning;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    if (line.size() > kMeaningColumn) {
      if (line.size() + 1 + word.size() > kWidth) {
        out += line + "\n";
        line.assign(kMeaningColumn, ' ');
      } else {
        line += ' ';
      }
    }
    line += word;
  }
  out += line + "\n";
}

}  // namespace

std::string command_help(const Command& command) {
  std::string out = format("Usage: ctxcost {}{}{} [OPTION...]\n\n{}\n", command.name,
                           command.arguments.empty() ? "" : " ", command.arguments, command.summary);
  if (command.words == Completion::model || command.first_word == Completion::model) out += format("\n{}", kModels);
  std::string_view title;
  for (const Option& option : options_of(command)) {
    if (heading(option.group) != title) {
      title = heading(option.group);
      out += format("\n{}:\n", title);
    }
    const bool formats = option.id == OptionId::format && command.formats != nullptr;
    append_option(out, option, formats ? names_of(command.formats()) : std::string(option.syntax));
  }
  if (!command.limits.empty()) out += format("\n{}", command.limits);
  return out + format("\nExamples:\n{}\n{}", command.examples, kExitStatus);
}

std::string program_help() {
  std::string out =
      "ctxcost: what a context length costs a transformer, exactly\n\n"
      "Usage: ctxcost MODEL... [OPTION...]      short for `ctxcost scale`\n"
      "       ctxcost COMMAND [ARGUMENT...]\n"
      "       ctxcost COMMAND --help            all options of a command\n\nCommands:\n";
  for (const Command* command : commands()) {
    std::string left = format("  {} {}", command->name, command->arguments);
    left.resize(std::max<std::size_t>(left.size() + 2, 24), ' ');
    out += left + std::string(command->summary) + "\n";
  }
  out += format("\n{}\nCommon options:\n", kModels);
  for (const Option& option : options()) {
    if (option.common) append_option(out, option, {});
  }
  out += "\nExamples:\n";
  for (const Command* command : commands()) out += command->examples;
  return out + format("\n{}", kExitStatus);
}

}  // namespace ctxcost::cli
