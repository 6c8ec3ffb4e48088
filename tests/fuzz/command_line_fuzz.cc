// Whole command lines, one word a line, run against the catalogue; what they print goes nowhere.
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "ctxcost/core/count.h"
#include "fuzz.h"

using namespace ctxcost;

namespace {

/// Words that would read or write files, wait for standard input, or ask for many points.
bool is_kept(std::string_view word) {
  for (const std::string_view part :
       {"/", "-o", "--o", "--s", ".json", "--plan", "--results", "--schedule", "..", "-v"}) {
    if (word.find(part) != std::string_view::npos) return false;
  }
  return word != "-" && word != "evaluate" && word != "find";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int kNowhere = open("/dev/null", O_WRONLY);
  dup2(kNowhere, STDOUT_FILENO);  // each time: an answer closes it
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    std::vector<std::string> words;
    while (!bytes.empty()) {
      const std::string_view word = bytes.substr(0, bytes.find('\n'));
      bytes.remove_prefix(word.size() + (word.size() < bytes.size() ? 1 : 0));
      if (word.find('\0') != std::string_view::npos || !is_kept(word)) return;
      words.emplace_back(word);
    }
    if (words.empty()) return;
    const cli::Command* const command = cli::find_command(words[0]);
    if (command == nullptr) return;
    std::vector<const char*> tokens;
    for (std::size_t i = 1; i < words.size(); ++i) tokens.push_back(words[i].c_str());
    try {
      command->run(cli::parse_arguments(command->name, command->options, tokens, cli::commands_with));
    } catch (const CountOverflow&) {
      // `main` says so.
    }
  });
}
