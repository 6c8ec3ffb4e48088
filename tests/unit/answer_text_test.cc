// What a program that uses the library gets as text.
#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "ctxcost/ctxcost.h"

namespace ctxcost {
namespace {

Report article_report() {
  Grid grid;
  grid.models.emplace_back(load_model("article-7b"));
  grid.contexts = parse_lengths("1K,4K", "contexts");
  return Report(std::move(grid), Workload{});
}

TEST_CASE("a report is text in each of its formats") {
  const Report report = article_report();
  RenderOptions options;
  options.columns = parse_columns("context,kv_cache_bytes", "columns");
  // 2 L H d_k n 2 bytes, docs/cost-model.md section 16.
  CHECK(render(report, "csv", options) == "context,kv_cache_bytes\n1024,536870912\n4096,2147483648\n");
  for (const char* format : {"table", "json", "ndjson", "markdown"}) {
    CAPTURE(format);
    const std::string text = render(report, format);
    CHECK(text.find(format == std::string("table") || format == std::string("markdown") ? "536.9 MB" : "536870912") !=
          std::string::npos);
  }
}

TEST_CASE("answers are text: an explanation, a fit, a search, a difference, budgets, training, strategies, a list") {
  const auto holds = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  const SharedModel model(load_model("article-7b"));

  ExplainQuestion explaining{.model = model, .workload = {}};
  explaining.context = 1024;
  CHECK(holds(render(explain(explaining), "json"), "536870912"));

  DeploymentQuestion question;
  question.models = {model};
  question.contexts = LengthList(1024);
  question.placements = {{load_accelerator("h100-sxm-80gb"), 1, std::nullopt}};
  FitAnswer nothing;
  nothing.left_out.emplace_back(setting_fault("model", "no width"));
  CHECK_THROWS_WITH_AS(render(nothing, "json"), doctest::Contains("no width"), InputError);
  question.models = {SharedModel(load_model("llama-3.1-8b"))};
  CHECK(holds(render(fit(question), "json"), "\"verdict\": \"fits\""));
  CHECK(holds(render(solve(Unknown::batch, question), "table"), "batch: 330 sequences"));

  const Comparand one = load_comparand("article-7b");
  CHECK(holds(render(diff(one, one), "table"), "nothing changes"));

  const char* budgets = R"({"budgets": [{"name": "one", "model": "article-7b", "context": 1024,
                            "limits": {"kv_cache_bytes": {"max": 536870911}}}]})";
  CHECK(holds(render(judge({parse_budgets(budgets, "budgets"), {}, {}}), "junit"), "<failure"));

  TrainingQuestion training;
  training.model = model;
  training.stages = {{1024, 2048}};
  CHECK(holds(render(train(training), "json"), "\"sequences\": 2"));

  StrategyQuestion strategies;
  strategies.models = {model};
  strategies.strategies = {"sliding_window:window=64"};
  const StrategyComparison compared = compare_strategies(strategies);
  CHECK(holds(render(compared, "json"), "\"strategy\": \"sliding_window:window=64\""));
  CHECK(holds(render(compared, "table"), "| sliding_window:window=64 |"));

  CHECK(holds(render(list_catalogue("precisions", "kind"), "csv"), "bf16"));
}

TEST_CASE("a format that an answer does not have is refused with those that it has") {
  const Report report = article_report();
  CHECK_THROWS_WITH_AS(render(report, "junit"),
                       doctest::Contains("expected one of table, json, ndjson, csv, markdown, found \"junit\""),
                       InputError);
  CHECK_THROWS_AS(render(report, "JSON"), InputError);
}

}  // namespace
}  // namespace ctxcost
