// The tables of docs/ are what the program lists, and their counts are those of the list.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "../markdown_table.h"
#include "program.h"

namespace {

const std::string kDocs = std::string(CTXCOST_SOURCE_DIR) + "/docs/";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What stands between backticks: "`a`, `b`" has two.
std::vector<std::string> words_in_code(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = text.find('`'); at != std::string::npos; at = text.find('`', at)) {
    const std::size_t end = text.find('`', at + 1);
    if (end == std::string::npos) break;
    words.push_back(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return words;
}

}  // namespace

TEST_CASE("generated tables are up to date (scripts/update-docs writes them)") {
  for (const auto& page : {std::pair("models.md", "models"), std::pair("mechanisms.md", "mechanisms"),
                           std::pair("engines.md", "engines")}) {
    const auto& [file, kind] = page;
    const Run list = run({"list", kind, "--format", "markdown"});
    CHECK(list.status == 0);
    CHECK_MESSAGE(holds(read_file(kDocs + file), "<!-- begin generated -->\n" + list.out + "<!-- end"), page.first);
  }
}

TEST_CASE("docs/models.md counts the models as the list does") {
  const auto models = nlohmann::json::parse(run({"list", "models", "--format", "json"}).out)["models"];
  std::size_t published = 0, compared = 0, equal = 0, with_parts = 0;
  for (const auto& model : models) {
    published += model["checkpoint_elements"].is_null() ? 0 : 1;
    if (model["difference"].is_null()) continue;
    ++compared;
    if (model["difference"] != 0) continue;
    ++(model["checkpoint_parts"] == 0 ? equal : with_parts);
  }
  const std::string text = read_file(kDocs + "models.md");
  CHECK(holds(text, "Of the " + std::to_string(models.size()) + " models, " + std::to_string(published) +
                        " have a published total"));
  CHECK(holds(text, std::to_string(compared) + " of those can be compared"));
  CHECK(holds(text, "For " + std::to_string(equal) + " the\nparameters are that total; for " +
                        std::to_string(with_parts) + " the total is"));
  CHECK(compared - equal - with_parts == 3);  // named in the text
}

TEST_CASE("every table of the documentation has as many cells in each row as headings") {
  std::vector<std::string> files = {std::string(CTXCOST_SOURCE_DIR) + "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(kDocs)) {
    if (entry.path().extension() == ".md") files.push_back(entry.path().string());
  }
  CHECK(files.size() >= 4);
  for (const std::string& file : files) {
    CAPTURE(file);
    for (const auto& table : ctxcost::test::markdown_tables(read_file(file))) {
      REQUIRE(table.size() >= 2);
      for (const auto& row : table) CHECK(row.size() == table.front().size());
    }
  }
}

TEST_CASE("docs/gpu-file.md has every key of a GPU file, and what is required") {
  const auto schema = nlohmann::json::parse(run({"schema", "gpu"}).out);
  const std::string text = read_file(kDocs + "gpu-file.md");
  std::vector<std::string> known, required, written;
  for (const auto& [key, rules] : schema["properties"].items()) known.push_back(key);
  for (const auto& key : schema["required"]) required.push_back(key);
  std::vector<std::string> said_required;
  for (const auto& table : ctxcost::test::markdown_tables(text)) {
    if (!holds(table.front().front(), "key")) continue;
    for (const auto& row : table) {
      for (const std::string& key : words_in_code(row[0])) {
        written.push_back(key);
        if (row[2].starts_with(" an error")) said_required.push_back(key);
      }
      if (!holds(row[0], "peak_dense_flops")) continue;
      for (const auto& item : schema["properties"]["peak_dense_flops"]["properties"].items()) {
        const std::string& type = item.key();
        CHECK_MESSAGE(holds(row[1], "`" + type + "`"), type);
      }
    }
  }
  std::sort(known.begin(), known.end());
  std::sort(written.begin(), written.end());
  std::sort(required.begin(), required.end());
  std::sort(said_required.begin(), said_required.end());
  CHECK(written == known);
  CHECK(said_required == required);
  // Both directions: what the text says is halved.
  for (const auto& item : schema["properties"]["interconnect"]["properties"].items()) {
    const std::string& key = item.key();
    const std::string meaning = item.value()["description"];
    if (holds(meaning, "both directions")) CHECK_MESSAGE(holds(text, "`" + key + "`"), key);
  }
}

TEST_CASE("each row of docs/accuracy.md is held by the test that it names") {
  std::size_t rows = 0;
  for (const auto& table : ctxcost::test::markdown_tables(read_file(kDocs + "accuracy.md"))) {
    for (std::size_t i = 2; i < table.size(); ++i, ++rows) {
      const std::vector<std::string>& row = table[i];
      REQUIRE(row.size() == 5);
      const std::string what = row[1].substr(1, row[1].size() - 2);
      const std::string test = words_in_code(row[4]).front();
      CHECK_MESSAGE(holds(read_file(std::string(CTXCOST_SOURCE_DIR) + "/" + test), "accuracy_row(\"" + what + "\""),
                    what);
    }
  }
  CHECK(rows > 10);
}

TEST_CASE("docs/library.md: its code is that of the examples, and its headers declare what the page names") {
  const std::string source = std::string(CTXCOST_SOURCE_DIR) + "/";
  const std::string text = read_file(kDocs + "library.md");
  std::string examples;
  for (const auto& entry : std::filesystem::directory_iterator(source + "examples")) {
    if (entry.path().extension() != ".cc") continue;
    examples += read_file(entry.path());
    std::string link = "](../examples/";
    link += entry.path().filename();
    CHECK_MESSAGE(holds(text, link + ")"), link);
  }
  std::size_t blocks = 0;
  const std::string fence = "```cpp\n";
  for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at), ++blocks) {
    at += fence.size();
    const std::string code = text.substr(at, text.find("```", at) - at);
    // Blocks that end inside a block of the program lack its last brace.
    CHECK_MESSAGE(holds(examples, code.substr(0, code.rfind("  }"))), code);
  }
  CHECK(blocks == 3);

  const std::filesystem::path include = source + "include";
  for (const auto& table : ctxcost::test::markdown_tables(text)) {
    if (!holds(table.front()[1], "include")) continue;
    for (std::size_t i = 2; i < table.size(); ++i) {
      std::string headers;
      for (const std::string& path : words_in_code(table[i][1])) {
        const std::filesystem::path place = include / path;
        REQUIRE(std::filesystem::exists(place));
        if (!std::filesystem::is_directory(place)) {
          headers += read_file(place);
          continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(place)) headers += read_file(entry.path());
      }
      for (const std::string& name : words_in_code(table[i][2])) {
        const std::string last = name.substr(name.rfind(':') + 1);
        CHECK_MESSAGE(
            (holds(headers, " " + last + "(") || holds(headers, "class " + last) || holds(headers, "struct " + last) ||
             holds(headers, "Metric " + last) || holds(headers, last + "::")),
            name);
      }
    }
  }
}

TEST_CASE("every link to a file of the project leads somewhere, and docs/README.md lists every page") {
  std::vector<std::filesystem::path> files = {std::string(CTXCOST_SOURCE_DIR) + "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(kDocs)) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  const std::string index = read_file(kDocs + "README.md");
  for (const auto& file : files) {
    const std::string text = read_file(file);
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at)) {
      at += 2;
      const std::string target = text.substr(at, text.find_first_of(")#", at) - at);
      if (target.empty() || holds(target, "://")) continue;
      CHECK_MESSAGE(std::filesystem::exists(file.parent_path() / target), file.filename() << ": " << target);
    }
    const std::string name = file.filename();
    if (name != "README.md") CHECK_MESSAGE(holds(index, "](" + name + ")"), name);
  }
}

TEST_CASE("docs/glossary.md: terms in order, each belongs to something that there is, and no metric is missing") {
  const auto names = [](const char* kind) {
    std::set<std::string> all;
    const auto list = nlohmann::json::parse(run({"list", kind, "--format", "json"}).out);
    for (const auto& row : list[kind]) all.insert(row["name"]);
    return all;
  };
  const std::set<std::string> metrics = names("metrics"), mechanisms = names("mechanisms"),
                              precisions = names("precisions");
  const std::string manual = run({"man"}).out;
  const std::string commands = run({"--help-all"}).out;
  const std::string text = read_file(kDocs + "glossary.md");
  const auto table = ctxcost::test::markdown_tables(text).front();
  std::set<std::string> explained;
  std::string previous;
  for (std::size_t i = 2; i < table.size(); ++i) {
    const std::vector<std::string>& row = table[i];
    CAPTURE(row[0]);
    std::string term = row[0];
    std::transform(term.begin(), term.end(), term.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    CHECK(previous <= term);
    previous = term;
    std::size_t found = 0;
    for (const std::string& word : words_in_code(row[2])) {
      ++found;
      if (metrics.count(word) == 1) {
        explained.insert(word);
      } else if (word.starts_with("--")) {
        const std::string option = word.substr(0, word.find(' '));
        std::string escaped;
        for (const char c : option) escaped += c == '-' ? std::string("\\-") : std::string(1, c);
        CHECK_MESSAGE((holds(manual, escaped) || holds(manual, option)), word);
      } else {
        const bool is_of_split = holds("tp pp dp ep", word);
        const bool is_command = holds(commands, "\n  " + word + " ");
        CHECK_MESSAGE((mechanisms.count(word) == 1 || is_of_split || is_command), word);
      }
    }
    CHECK(found > 0);
    for (const std::string& word : words_in_code(row[1])) CHECK_MESSAGE(precisions.count(word) == 1, word);
  }
  for (const std::string& word : words_in_code(text.substr(text.rfind("\n\n")))) explained.insert(word);
  CHECK(explained == metrics);
}

TEST_CASE("docs/budgets.md: its file is judged as it says, and its keys are those of a budget") {
  const std::string text = read_file(kDocs + "budgets.md");
  const std::string fence = "```json\n";
  const std::size_t begin = text.find(fence) + fence.size();
  const TemporaryDirectory directory;
  write_file(directory.path("chat.json"), text.substr(begin, text.find("```", begin) - begin));
  const Run judged = run({"check", "chat.json"}, {.directory = directory.path()});
  CHECK(judged.status == 1);
  CHECK(holds(text, "with exit status 1:\n\n```text\n" + judged.out + "```\n"));

  const auto schema = nlohmann::json::parse(run({"schema", "budget"}).out);
  const auto& budget = schema["properties"]["budgets"]["items"];
  std::set<std::string> known, written;
  for (const auto& [key, rules] : budget["properties"].items()) known.insert(key);
  for (const auto& table : ctxcost::test::markdown_tables(text)) {
    if (!holds(table.front()[1], "of a budget")) continue;
    for (std::size_t i = 2; i < table.size(); ++i) {
      for (const std::string& key : words_in_code(table[i][0])) written.insert(key);
    }
  }
  CHECK(written == known);
}
