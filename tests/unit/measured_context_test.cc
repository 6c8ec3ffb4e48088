// Published results of long-context tests: the rule of effective lengths, the rows of configs/measured-context.json,
// and the models that they are shown for.
#include "ctxcost/input/measured_context.h"

#include <doctest/doctest.h>

#include <set>

#include "ctxcost/answer/measured_lines.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

Model named(std::string name) {
  Model model;
  model.name = std::move(name);
  return model;
}

}  // namespace

// RULER's rule: the longest length at which, and at every shorter one, the score is at least Llama-2-7B's at 4K, 85.6
// [NVIDIA/RULER README.md]. Scores are the README's.
TEST_CASE("the effective length is the last before the first score below the threshold") {
  struct Row {
    const char* model;
    std::vector<MeasuredScore> scores;
    std::optional<Count> longest;
  };
  const Row rows[] = {
      {"Llama3.1 (8B)",
       {{"4096", "95.5"},
        {"8192", "93.8"},
        {"16384", "91.6"},
        {"32768", "87.4"},
        {"65536", "84.7"},
        {"131072", "77.0"}},
       Count(32768)},
      {"LongChat (7B): the first fails", {{"4096", "84.7"}, {"8192", "79.9"}}, std::nullopt},
      {"equal is enough", {{"4096", "85.6"}}, Count(4096)},
      {"a later one that is good again does not count",
       {{"4096", "90"}, {"8192", "85.5"}, {"16384", "90"}},
       Count(4096)},
      {"all are good", {{"4096", "96.7"}, {"131072", "95.1"}}, Count(131072)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CHECK(effective_length(row.scores, "85.6") == row.longest);
  }
  CHECK_THROWS_AS(effective_length({{"4096", "<5"}}, "85.6"), InputError);
}

TEST_CASE("every row can be read, and names its source and a model") {
  std::set<std::string> benchmarks;
  std::size_t found = 0;
  for (const CatalogueEntry& entry : measured_catalogue()) benchmarks.insert(std::string(entry.id));
  CHECK(benchmarks.contains("RULER"));
  CHECK(benchmarks.contains("NoLiMa"));
  for (const CatalogueEntry& entry : catalogue()) {
    for (const MeasuredContext& measured : measured_contexts(load_model(entry.id))) {
      CAPTURE(entry.id);
      CAPTURE(measured.measured);
      ++found;
      CHECK(benchmarks.contains(measured.benchmark));
      CHECK_FALSE(measured.source.empty());
      CHECK_FALSE(measured.version.empty());
      CHECK_FALSE(measured.scores.empty());
    }
  }
  CHECK(found > 30);
}

TEST_CASE("what was measured is shown for the model, whatever its spelling, and for no other") {
  struct Row {
    const char* name;
    std::size_t results;
  };
  const Row rows[] = {
      {"Llama-3.1-8B", 4},
      {"meta-llama/Llama-3.1-8B-Instruct", 4},
      {"llama 3.1 8b awq", 4},
      {"Llama-3.1-8B-Abliterated", 0},
      {"Qwen3-8B", 1},
      {"Qwen3-8B-2507", 0},
      {"gpt2", 0},
      {"", 0},
      {"./Llama-3.1-8B", 0},
      {"Llama-3.1-8", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(measured_contexts(named(row.name)).size() == row.results);
  }
}

// RULER's main table underlines Qwen3-14B's 85.1 at 131,072, and prints ">128K"; its own rule gives 64K.
TEST_CASE("a printed length that the printed scores contradict stands beside theirs") {
  const std::vector<MeasuredContext> results = measured_contexts(named("Qwen3-14B"));
  REQUIRE(results.size() == 1);
  const MeasuredContext& measured = results.front();
  CHECK(measured.effective == ">128K");
  CHECK(measured.printed_tokens == Count(131072));
  CHECK(measured.effective_tokens == Count(65536));
  CHECK_FALSE(measured.agrees());
  CHECK(measured_text(measured).find(">128K effective as printed, 65,536 by its scores") != std::string::npos);

  const std::vector<MeasuredContext> alike = measured_contexts(named("Llama-3.1-8B"));
  REQUIRE_FALSE(alike.empty());
  CHECK(alike.front().agrees());
  CHECK(measured_notes(named("Llama-3.1-8B")).front() ==
        "measured, RULER: 32K effective, 131,072 claimed; good is 85.6 or more; Llama3.1 (8B) "
        "[NVIDIA/RULER README.md, main table; README main @c3f5e3b (2026-07-22)]");
}
