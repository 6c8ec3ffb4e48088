// The examples of the README and of pages in docs, run as they show them: each console block is a command and its whole
// output.
#include <doctest/doctest.h>

#include <cstdio>
#include <vector>

#include "program.h"

namespace {

const std::string kSource = CTXCOST_SOURCE_DIR;
const std::string kProgram = CTXCOST_PROGRAM;

struct Example {
  std::string command;
  std::string output;
};

std::vector<Example> examples(const std::string& text) {
  const std::string fence = "```console\n$ ";
  std::vector<Example> found;
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    const std::size_t line_end = text.find('\n', at);
    const std::size_t end = text.find("```", line_end);
    found.push_back({text.substr(at, line_end - at), text.substr(line_end + 1, end - line_end - 1)});
    at = end;
  }
  return found;
}

/// What a shell in the project's folder prints for a command, with the program on its path.
std::string shell(const std::string& command) {
  const std::string folder = kProgram.substr(0, kProgram.rfind('/'));
  const std::string line = "unset COLUMNS; cd '" + kSource + "' && PATH='" + folder + "':\"$PATH\" && " + command;
  std::FILE* pipe = popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char piece[4096];
  for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) output.append(piece, got);
  CHECK(pclose(pipe) == 0);
  return output;
}

}  // namespace

TEST_CASE("every example of a page prints what it shows") {
  for (const char* page :
       {"/README.md", "/docs/why-tools-disagree.md", "/docs/strategies.md", "/docs/engines.md", "/docs/reconcile.md"}) {
    const std::vector<Example> all = examples(read_file(kSource + page));
    CHECK_FALSE(all.empty());
    for (const Example& example : all) {
      CAPTURE(example.command);
      CHECK(shell(example.command) == example.output);
    }
  }
}
