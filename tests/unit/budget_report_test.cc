#include <doctest/doctest.h>

#include "ctxcost/answer/baseline.h"
#include "ctxcost/core/diagnostic.h"
#include "render/check_document.h"

using namespace ctxcost;

namespace {

// llama-3.1-8b caches 2 * 32 layers * 8 KV heads * 128 elements = 65,536 elements a token: 131,072 bytes in bf16, half
// of it in fp8. At 1,024 tokens that is 128 MiB or 64 MiB.
std::string budget(const std::string& name, const std::string& limits, const std::string& more = {}) {
  return R"({"name": ")" + name + R"(", "model": "llama-3.1-8b", "context": 1024, "limits": {)" + limits + "}" + more +
         "}";
}
BudgetFiles files(const std::string& budgets) {
  return {parse_budgets(R"({"budgets": [)" + budgets + "]}", "b.json"), {}, {}};
}

/// A report of 64 MiB at 1,024 tokens for the budgets of those names.
Baseline earlier(const std::vector<std::string>& budgets) {
  std::string results;
  for (const std::string& name : budgets) {
    results +=
        (results.empty() ? "" : ",") + (R"({"budget": ")" + name + R"(", "file": "b.json", "model": "Llama-3.1-8B",
      "weights": "bf16", "kv_precision": "fp8", "engine": "ideal", "parallel": "tp=1", "context": 1024, "batch": 1,
      "kv_cache_bytes": 67108864})");
  }
  return parse_baseline(R"({"schema_version": 1, "conventions": {"name": "causal", "flops_per_mac": 2,
    "pairs": "exact", "logits": "last"}, "results": [)" +
                            results + "]}",
                        "base.json");
}

CheckOptions against(Baseline baseline, std::string_view allowed) {
  CheckOptions options;
  options.baseline = std::move(baseline);
  options.allowed.push_back(parse_allowed_increase(allowed, "allowed"));
  return options;
}

std::string rendered(const BudgetReport& report, std::string_view format) {
  const RenderOptions options;
  return to_string(CheckDocument(report, options), *find_output_format(format));
}

}  // namespace

TEST_CASE("a breach knows by how much its limit is missed") {
  const BudgetReport report = check(files(budget("a", R"("kv_cache_bytes": {"max": "100MiB"})") + "," +
                                          budget("b", R"("kv_cache_bytes": {"max": "128MiB"})") + "," +
                                          budget("c", R"("window_status": {"max": "trained"})", R"(, "batch": 2)")));
  const JudgedLimit& breach = report.judged[0].limits.at(0);
  CHECK(breach.verdict == Verdict::fail);
  CHECK(breach.distance == MetricValue(Count{28 << 20}));
  REQUIRE(breach.distance_percent);
  CHECK(*breach.distance_percent == doctest::Approx(28));
  const JudgedLimit& exact = report.judged[1].limits.at(0);
  CHECK(exact.verdict == Verdict::pass);
  CHECK(exact.distance == MetricValue());
  CHECK(exact.distance_percent == std::nullopt);
  CHECK(report.judged[2].verdict == Verdict::pass);
  CHECK(breaches(report).size() == 1);
}

TEST_CASE("a level is missed by no number") {
  const std::string text = budget("a", R"("window_status": {"max": "trained"})");
  const BudgetReport report =
      check({parse_budgets(R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": "64K", "limits":
        {"window_status": {"max": "trained"}}}]})",
                           "b.json"),
             {},
             {}});
  const JudgedLimit& breach = report.judged.at(0).limits.at(0);
  CHECK(breach.verdict == Verdict::fail);
  CHECK(breach.actual == MetricValue(std::string_view("scaled")));
  CHECK(breach.distance == MetricValue());
  CHECK(breach.distance_percent == std::nullopt);
}

TEST_CASE("budgets are counted by what became of them") {
  const std::string high = R"("kv_cache_bytes": {"max": "1GiB"})";
  const std::string low = R"("kv_cache_bytes": {"max": "1MiB"})";
  const std::string warning = R"(, "level": "warning")";
  const std::string budgets = budget("passes", high, R"(, "kv_precision": "fp8")") + "," + budget("grows", high) + "," +
                              budget("warns of growth", high, warning) + "," + budget("fails", low) + "," +
                              budget("warns", low, warning);
  const BudgetCounts alone = check(files(budgets)).counts;
  CHECK(alone == BudgetCounts{.budgets = 5, .passed = 3, .warned = 1, .failed = 1});

  const Baseline baseline = earlier({"passes", "grows", "warns of growth", "fails", "warns"});
  const BudgetReport report = check(files(budgets), against(baseline, "5%"));
  CHECK(report.counts ==
        BudgetCounts{
            .budgets = 5, .passed = 1, .warned = 1, .warned_by_baseline = 1, .failed = 1, .failed_by_baseline = 1});
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.judged[0].limits_verdict == Verdict::pass);
  CHECK(report.judged[1].by_baseline());
  CHECK(report.judged[1].limits_met() == 1);
  CHECK(report.judged[1].verdict_at(0) == Verdict::fail);
  CHECK(!report.judged[3].by_baseline());
  REQUIRE(report.baseline);
  CHECK(report.baseline->too_much == 4);
  CHECK(excesses(report).size() == 4);

  // Twice as much is 100 % more: allowed, so nothing is judged by it.
  CHECK(check(files(budgets), against(baseline, "100%")).counts == alone);
}

TEST_CASE("faults are counted by files, and no budget of such a file is judged") {
  const std::string names[] = {"/nowhere/a.json", "/nowhere/b.json"};
  const BudgetReport report = check(load_budgets(names));
  CHECK(report.verdict == Verdict::error);
  CHECK(report.counts == BudgetCounts{.files_in_error = 2});
  CHECK(report.faults.at(1).file_at_fault == "/nowhere/b.json");
}

TEST_CASE("a setting that contradicts a budget file is the file's fault, and is called as the caller calls it") {
  BudgetOptions options;
  options.devices.gpu = "h100-sxm-80gb:2";
  options.devices.parallel = Parallelism{};
  options.parallel_source = "the split";
  try {
    parse_budgets(R"({"budgets": [)" + budget("a", R"("kv_cache_bytes": {"max": "1GiB"})") + "]}", "b.json", options);
    FAIL("accepted");
  } catch (const InputError& error) {
    CHECK(std::string(error.what()) == "the split: expected a product of 2 GPUs, found 1");
  }
}

TEST_CASE("judgements stand in the order of the answer, each under its file, faults behind what was judged") {
  const auto judged = [](const std::string& name, const std::string& file) {
    return parse_budgets(R"({"budgets": [)" + budget(name, R"("kv_cache_bytes": {"max": "100MiB", "min": 1})") + "]}",
                         file)
        .front();
  };
  const BudgetFault fault{"c.json", "model.json", {"model.json", "/heads", "wrong", ""}, {"/heads", 3, 7}};
  const BudgetReport report = check({{judged("x", "a.json"), judged("y", "b.json"), judged("z", "a.json")}, {fault}});
  const RenderOptions options;
  const Judgements all = CheckDocument(report, options).judgements();
  // A file that is named twice is judged twice.
  CHECK(all.suites == std::vector<std::string>{"a.json", "b.json", "a.json", "c.json"});
  // The least value is judged first: 128 MiB are not below 1 byte, and above 100 MiB.
  std::string seen;
  for (const Judgement& one : all.items) {
    seen += std::to_string(one.suite) + " " + one.subject + " " + std::string(name(one.verdict)) + "\n";
  }
  CHECK(seen == "0 x pass\n0 x fail\n1 y pass\n1 y fail\n2 z pass\n2 z fail\n3 budget file in error error\n");
  CHECK(all.items[1].fingerprint == "x/kv_cache_bytes/max/1024/1");
  CHECK(place_text(all.items.back().file, all.items.back().place) == "model.json:3:7");
  CHECK(place_text("model.json", {"", 0, 0}) == "model.json");
}

TEST_CASE("every format of verdicts tells what made a change too much") {
  const BudgetReport report =
      check(files(budget("a", R"("kv_cache_bytes": {"max": "1GiB"})")), against(earlier({"a"}), "5%"));
  REQUIRE(excesses(report).size() == 1);
  REQUIRE(excesses(report)[0]->causes.size() == 1);
  CHECK(excesses(report)[0]->causes[0].key == "kv_precision");
  for (const std::string_view format : {"table", "markdown", "github", "junit", "sarif"}) {
    CAPTURE(format);
    CHECK(rendered(report, format).find("because of kv") != std::string::npos);
    CHECK(rendered(report, format).find(": fp8 → bf16") != std::string::npos);
  }
}
