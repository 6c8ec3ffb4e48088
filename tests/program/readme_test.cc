// The examples of the README and of the pages in docs, run as they show them: each console block is commands and their
// whole output.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <vector>

#include "program.h"

namespace {

const std::string kSource = CTXCOST_SOURCE_DIR;
const std::string kProgram = CTXCOST_PROGRAM;

struct Example {
  std::string command;
  std::string output;
};

/// In a console block "$ " starts a command, "> " goes on with it, and what follows is printed.
std::vector<Example> examples(const std::string& text) {
  std::vector<Example> found;
  bool in_block = false, in_command = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      in_block = line == "```console";
      in_command = false;
    } else if (!in_block) {
      continue;
    } else if (line.starts_with("$ ")) {
      found.push_back({line.substr(2), ""});
      in_command = true;
    } else if (in_command && line.starts_with("> ")) {
      found.back().command += "\n" + line.substr(2);
    } else {
      REQUIRE_MESSAGE(!found.empty(), "a console block starts with a command: " << line);
      found.back().output += line + "\n";
      in_command = false;
    }
  }
  return found;
}

/// A folder that looks like the project's, in which examples may write.
class Workplace {
 public:
  Workplace() {
    for (const auto& entry : std::filesystem::directory_iterator(kSource)) {
      const std::string name = entry.path().filename();
      if (name != "build" && name != ".git") std::filesystem::create_symlink(entry.path(), directory_.path(name));
    }
  }

  /// What a shell prints for a command, with the program on its path.
  std::string shell(const std::string& command) const {
    const std::string folder = kProgram.substr(0, kProgram.rfind('/'));
    const std::string line =
        "unset COLUMNS; cd '" + directory_.path() + "' && PATH='" + folder + "':\"$PATH\" && " + command;
    std::FILE* pipe = popen(line.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    char piece[4096];
    for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) output.append(piece, got);
    CHECK(pclose(pipe) == 0);
    return output;
  }

 private:
  TemporaryDirectory directory_;
};

/// What examples use besides the program and a shell, where it may be missing.
struct Tool {
  const char* mark;   ///< in the command that uses it
  const char* found;  ///< a command that succeeds where it is there
  bool is_rare;       ///< no package of the tests: another example does the same without it
};
constexpr Tool kTools[] = {
    {"jq ", "command -v jq", false},
    {"duckdb ", "command -v duckdb", true},
    {"import pandas", "python3 -c 'import pandas'", true},
};

bool can_run(const std::string& command) {
  return std::all_of(std::begin(kTools), std::end(kTools), [&](const Tool& tool) {
    if (command.find(tool.mark) == std::string::npos) return true;
    return std::system((std::string(tool.found) + " >/dev/null 2>&1").c_str()) == 0;
  });
}

/// Words with an underscore that no bracket follows: names of columns.
std::vector<std::string> columns_in(const std::string& command) {
  std::vector<std::string> names;
  const auto is_of_word = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  for (auto at = command.begin(); at != command.end();) {
    at = std::find_if(at, command.end(), is_of_word);
    const auto end = std::find_if_not(at, command.end(), is_of_word);
    const std::string word(at, end);
    if (word.find('_') != std::string::npos && (end == command.end() || *end != '(')) names.push_back(word);
    at = end;
  }
  return names;
}

/// An example whose tool is missing prints what another one of its page prints with tools that are there, and names
/// columns that the files in its folder have.
void check_unrun(const Example& example, const std::vector<Example>& page, const Workplace& workplace) {
  if (std::none_of(std::begin(kTools), std::end(kTools), [&](const Tool& tool) {
        return tool.is_rare && example.command.find(tool.mark) != std::string::npos;
      })) {
    return;
  }
  CHECK(std::any_of(page.begin(), page.end(),
                    [&](const Example& other) { return other.output == example.output && can_run(other.command); }));
  const std::string files = workplace.shell("head -n 1 ./*.csv");
  for (const std::string& column : columns_in(example.command)) {
    CHECK_MESSAGE(files.find(column) != std::string::npos, column);
  }
}

std::vector<std::string> pages() {
  std::vector<std::string> all = {kSource + "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(kSource + "/docs")) {
    if (entry.path().extension() == ".md") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("every example of a page prints what it shows") {
  std::size_t pages_with_examples = 0, count = 0;
  for (const std::string& page : pages()) {
    CAPTURE(page);
    const std::vector<Example> all = examples(read_file(page));
    if (all.empty()) continue;
    ++pages_with_examples;
    count += all.size();
    const Workplace workplace;
    for (const Example& example : all) {
      CAPTURE(example.command);
      if (can_run(example.command)) {
        CHECK(workplace.shell(example.command) == example.output);
      } else {
        MESSAGE("left out, its tool is not here: " << example.command);
        check_unrun(example, all, workplace);
      }
    }
  }
  CHECK(pages_with_examples >= 5);
  CHECK(count >= 70);
}

TEST_CASE("a page without a block in another notation: commands of the program stand in console blocks") {
  for (const std::string& page : pages()) {
    std::istringstream lines(read_file(page));
    bool in_shell = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("```")) in_shell = line == "```sh";
      CHECK_MESSAGE(!(in_shell && line.starts_with("ctxcost ")), page << ": " << line);
    }
  }
}
