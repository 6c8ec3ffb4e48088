// A source is something that a reader can look up: a paper, a repository's file, a log, or an honest "as recalled".
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "facts.h"

namespace {

std::string lower_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

TEST_CASE("no source in the data and the catalogue is one that nobody can look up") {
  std::size_t files = 0;
  for (const char* folder : {"/tests/data", "/configs"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(CTXCOST_SOURCE_DIR) + folder)) {
      if (entry.path().extension() != ".json") continue;
      ++files;
      const std::string text = lower_text(entry.path());
      for (const char* word : {"code-index", "find_string", "collector", "public github file"}) {
        CHECK_MESSAGE(text.find(word) == std::string::npos, entry.path().filename().string(), ": ", word);
      }
    }
  }
  CHECK(files > 100);
}

TEST_CASE("the library speaks of settings, never of the options of one program") {
  // `ctxcost check --save` is a command line, quoted as such; render/option_text writes options because it is asked to.
  const std::regex option(R"re("[^"]*--[a-z][^"]*")re");
  // var(--line) and --own: are properties of CSS.
  const std::regex quoted("`[^`]*`|var\\(--[^)]*\\)|--[a-z]+:");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CTXCOST_SOURCE_DIR "/src")) {
    const std::string path = entry.path().generic_string();
    if (!entry.is_regular_file() || path.find("/src/cli/") != std::string::npos) continue;
    if (!path.ends_with(".cc") && !path.ends_with(".h")) continue;
    if (path.find("/option_text.") != std::string::npos || path.ends_with("/embed.cc")) continue;
    ++files;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      const std::string rest = std::regex_replace(line, quoted, "");
      const std::size_t comment = rest.find("//");
      CHECK_MESSAGE(!std::regex_search(rest.substr(0, comment), option), path, ": ", line);
    }
  }
  CHECK(files > 150);
}

TEST_CASE("every row of the data names its source") {
  std::size_t rows = 0;
  for (const char* file : {"published.json", "heldout.json"}) {
    const ctxcost::JsonDocument facts = ctxcost::test::load_facts(file);
    for (const ctxcost::JsonValue& row : facts.root.items) {
      ++rows;
      const ctxcost::JsonValue* const source = row.find("source");
      REQUIRE(source != nullptr);
      CHECK_MESSAGE(source->text.size() >= 5, row.find("id")->text);
    }
  }
  CHECK(rows > 200);
}
