// The tables of docs/ are what the program lists, and their counts are those of the list.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
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
      for (const auto& [type, rules] : schema["properties"]["peak_dense_flops"]["properties"].items()) {
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
  for (const auto& [key, rules] : schema["properties"]["interconnect"]["properties"].items()) {
    const std::string meaning = rules["description"];
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
