#include <algorithm>
#include <string>

#include "command.h"

namespace ctxcost::cli {
namespace {

constexpr std::string_view kModels =
    "MODEL is a JSON file (our own format or a HuggingFace config.json), a .gguf or\n"
    ".safetensors file, a directory of such files, - for standard input, or a name\n"
    "from the built-in catalogue; ./NAME means the file where the catalogue has it.\n";

constexpr std::string_view kExitStatus =
    "Exit status: 0 answered, and within budget; 1 answered, and over budget; 2 no\n"
    "answer: bad usage, bad input, an unreadable or unwritable file.\n";

void append_option(std::string& out, const OptionInfo& option) {
  constexpr std::size_t kMeaningColumn = 28;
  std::string left = option.letter != 0 ? std::string("  -") + option.letter + ", " : "      ";
  left += option.name;
  if (!option.value.empty()) left += " " + std::string(option.value);
  if (left.size() + 2 > kMeaningColumn) {
    out += left + "\n";
    left.clear();
  }
  std::string_view rest = option.meaning;
  while (true) {
    const std::size_t end = rest.find('\n');
    left.resize(std::max(left.size(), kMeaningColumn), ' ');
    out += left + std::string(rest.substr(0, end)) + "\n";
    if (end == std::string_view::npos) return;
    rest = rest.substr(end + 1);
    left.clear();
  }
}

}  // namespace

std::string command_help(const Command& command) {
  std::string out = "Usage: ctxcost " + std::string(command.name) + " " + std::string(command.arguments) +
                    " [OPTION...]\n\n" + std::string(command.summary) + "\n\n";
  out += kModels;
  out += "\nOptions:\n";
  for (const OptionInfo& option : command.options) append_option(out, option);
  append_option(out, {"--help", 'h', "", "this text"});
  append_option(out, {"--version", 0, "", "the version"});
  out += "\nExamples:\n";
  out += command.examples;
  out += "\n";
  out += kExitStatus;
  return out;
}

std::string program_help() {
  std::string out =
      "ctxcost: what a context length costs a transformer, exactly\n\n"
      "Usage: ctxcost MODEL... [OPTION...]      short for ctxcost scale\n"
      "       ctxcost COMMAND [ARGUMENT...]\n"
      "       ctxcost help [COMMAND]\n\nCommands:\n";
  for (const Command* command : commands()) {
    std::string left = "  " + std::string(command->name) + " " + std::string(command->arguments);
    left.resize(std::max<std::size_t>(left.size() + 2, 24), ' ');
    out += left + std::string(command->summary) + "\n";
  }
  out += "\n";
  out += kModels;
  out += "\nOptions of scale:\n";
  for (const OptionInfo& option : find_command("scale")->options) append_option(out, option);
  append_option(out, {"--help", 'h', "", "this text; after a command, that command's"});
  append_option(out, {"--version", 0, "", "the version"});
  out += "\nExamples:\n";
  for (const Command* command : commands()) out += command->examples;
  out += "\n";
  out += kExitStatus;
  return out;
}

}  // namespace ctxcost::cli
