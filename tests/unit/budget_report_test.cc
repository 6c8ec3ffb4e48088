#include <doctest/doctest.h>

#include "ctxcost/answer/baseline.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/load_accelerator.h"
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

/// What reading the text as a budget file gives instead of budgets.
std::string fault_of(const std::string& text) {
  try {
    parse_budgets(text, "b.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
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

TEST_CASE("what a budget file says wrong is named at its key, with what would do") {
  struct Row {
    const char* keys;   // of a budget with a name, a model, a context and a limit, which they may replace
    const char* fault;  // behind "b.json: /budgets/0/"
  };
  const std::string most = R"("limits": {"kv_cache_bytes": {"max": "1GiB"}})";
  // Settings.
  const Row settings[] = {
      {R"("context": "0")", R"(context: expected a positive number, found "0")"},
      {R"("contexts": "0..4:+1")", R"(contexts: expected an integer of at least 1, found "0..4:+1")"},
      {R"("contexts": [])",
       R"(contexts: expected a list of integers or lengths, or a range like "4K..64K", found an empty list)"},
      {R"("contexts": 4096)",
       R"(contexts: expected a list of integers or lengths, or a range like "4K..64K", found 4096)"},
      {R"("context": 4096, "contexts": [4096])", R"(contexts: stands beside "context" (keep one of them))"},
      {R"("context": 4096, "logits": "some")", R"(logits: expected "last" or "all", found "some")"},
      {R"("context": 4096, "level": "fatal")", R"(level: expected "error" or "warning", found "fatal")"},
      {R"("context": 4096, "utilization": "90%")",
       R"(utilization: expected a number above 0 and at most 1, found "90%" (a share is written 0.9 for 90%))"},
      {R"("context": 4096, "mfu": 1.5)", "mfu: expected a number above 0 and at most 1, found 1.5"},
      {R"("context": 4096, "mfu": 0.30000000000000004)",
       "mfu: expected at most six decimals, found 0.30000000000000004"},
      {R"("context": 4096, "mfu": 1.00000001)", "mfu: expected a number above 0 and at most 1, found 1.00000001"},
      {R"("context": 4096, "margin": "5.0000001%")",
       R"(margin: expected at most six decimals or bytes ("2GiB" or an integer), found "5.0000001%")"},
      {R"("context": 4096, "price": 0.30000000000000004)",
       "price: expected at most nine decimals, found 0.30000000000000004"},
      {R"("context": 4096, "power": 1e9)", "power: expected a number below 10^9, found 1e9"},
      {R"("context": 4096, "mbu": true)", "mbu: expected a number above 0 and at most 1, found true"},
      {R"("context": 4096, "overhead": "2")",
       R"(overhead: expected bytes ("72GiB", "24 GB" or an integer), found "2" (bytes have no quotes; "2GiB" has a )"
       "unit)"},
      {R"("context": 4096, "overhead": "9EiB")",
       R"(overhead: expected bytes ("72GiB", "24 GB" or an integer), at most 8EiB, found "9EiB")"},
      {R"("context": 4096, "kv_memory": 9223372036854775809)",
       R"(kv_memory: expected a positive integer of at most 9223372036854775808, found 9223372036854775809)"},
      {R"("context": 4096, "overhead": "")", R"(overhead: expected bytes ("72GiB", "24 GB" or an integer), found "")"},
      {R"("context": 4096, "overhead": "much")",
       R"(overhead: expected bytes ("72GiB", "24 GB" or an integer), found "much")"},
      {R"("context": 4096, "overhead": -1)",
       "overhead: expected a non-negative integer of at most 9223372036854775808, found -1"},
      {R"("context": 4096, "kv_memory": "0GiB")",
       R"(kv_memory: expected bytes ("72GiB", "24 GB" or an integer), found "0GiB")"},
      {R"("context": 4096, "margin": "101%")",
       R"(margin: expected a percentage up to 100% or bytes ("2GiB" or an integer), found "101%")"},
      {R"("context": 4096, "gpu": "h100-sxm-80gb:2", "gpus": 4)",
       R"(gpu: "h100-sxm-80gb:2" disagrees with "gpus": 4 (keep one of them))"},
      {R"("context": 4096, "gpu": "h100-sxm-80gb", "gpus": 4, "parallel": "tp=2")",
       "parallel: expected a product of 4 GPUs, found 2"},
      {R"("context": 4096, "engine": "vlm")", R"(engine: unknown engine "vlm"; did you mean "vllm"?)"},
  };
  for (const Row& row : settings) {
    CAPTURE(row.keys);
    CHECK_EQ(fault_of(R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", )" + most + ", " + row.keys + "}]}"),
             std::string("b.json: /budgets/0/") + row.fault);
  }
  // Limits.
  const Row limits[] = {
      {R"([])", "limits: expected an object of metrics and their limits, found an empty list"},
      {R"({})", "limits: expected an object of metrics and their limits, found an empty object"},
      {R"({"kv_cache_bytes": 4})",
       R"(limits/kv_cache_bytes: expected an object with "max" or "min", found 4 (write {"max": …}))"},
      {R"({"kv_cache_bytes": {}})", R"(limits/kv_cache_bytes: expected "max" or "min", found an empty object)"},
      {R"({"kv_cache_byte": {"max": 4}})", R"(limits/kv_cache_byte: unknown metric; did you mean "kv_cache_bytes"?)"},
      {R"({"xyzzy": {"max": 4}})", "limits/xyzzy: unknown metric (`ctxcost list metrics` shows all)"},
      {R"({"kv_cache_bytes": {"min": 0}})",
       "limits/kv_cache_bytes/min: expected a limit that can fail, found 0 (every value is within)"},
      {R"({"decode_tokens_per_second": {"min": 0}})",
       "limits/decode_tokens_per_second/min: expected a limit that can fail, found 0 (every value is within)"},
      {R"({"window_status": {"max": "impossible"}})",
       R"(limits/window_status/max: expected a limit that can fail, found "impossible" (every value is within))"},
      {R"({"window_status": {"min": "trained"}})",
       R"(limits/window_status/min: expected a limit that can fail, found "trained" (every value is within))"},
      {R"({"kv_cache_bytes": {"min": 2048, "max": 1024}})",
       R"(limits/kv_cache_bytes: expected a "min" of at most "max", found 2048 and 1024)"},
      {R"({"decode_tokens_per_second": {"min": 20.5, "max": 20}})",
       R"(limits/decode_tokens_per_second: expected a "min" of at most "max", found 20.5 and 20)"},
      {R"({"window_status": {"min": "beyond", "max": "scaled"}})",
       R"(limits/window_status: expected a "min" of at most "max", found beyond and scaled)"},
      {R"({"window_status": {"max": "traind"}})",
       R"(limits/window_status/max: expected "trained", "scaled", "beyond" or "impossible", found "traind"; )"
       R"(did you mean "trained"?)"},
      {R"({"device_bytes": {"max": "90% of gpu"}})", R"(limits/device_bytes/max: "90% of gpu" needs a "gpu")"},
      {R"({"growth_kv_cache": {"max": 4}})",
       "limits/growth_kv_cache/max: growth over one context is always 1 (give several \"contexts\")"},
  };
  for (const Row& row : limits) {
    CAPTURE(row.keys);
    CHECK_EQ(fault_of(R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "context": 4096, "limits": )" +
                      std::string(row.keys) + "}]}"),
             std::string("b.json: /budgets/0/") + row.fault);
  }
  // The file itself.
  const std::string named = R"({"name": "a", "model": "llama-3.1-8b", "context": 4096, )" + most + "}";
  CHECK_EQ(fault_of("[]"), "b.json: expected an object with \"budgets\", found an empty list");
  CHECK_EQ(fault_of(R"({"budgets": []})"), "b.json: /budgets: expected a list of budgets, found an empty list");
  CHECK_EQ(fault_of(R"({"budgets": [3]})"), "b.json: /budgets/0: expected a budget, found 3");
  CHECK_EQ(fault_of(R"({"budgets": [)" + named + ", " + named + "]}"),
           "b.json: /budgets/1/name: repeated name: /budgets/0 is \"a\", too");
  const auto model = [&](const std::string& name) {
    return fault_of(R"({"budgets": [{"name": "a", "model": ")" + name + R"(", "context": 4096, )" + most + "}]}");
  };
  CHECK_EQ(model(""), R"(b.json: /budgets/0/model: expected a file, a directory or a catalogue name, found "")");
  CHECK_EQ(model("-"), R"(b.json: /budgets/0/model: expected a file, a directory or a catalogue name, found "-")");
  CHECK(
      model("/nowhere/model.json")
          .starts_with(
              R"(b.json: /budgets/0/model: no file "/nowhere/model.json", and no model of that name in the catalogue)"));
  // Pairs of context and batch.
  CHECK_EQ(
      fault_of(R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "contexts": "1..101:+1", "batches":
                       "1..100:+1", )" +
               most + "}]}"),
      "b.json: /budgets/0: expected at most 10,000 pairs of context and batch, found 101 contexts and 100 batches");
  CHECK_EQ(fault_of(R"({"budgets": [{"name": "a", "model": "llama-3.1-8b", "contexts": "1..100:+1", "batches":
                       "1..100:+1", )" +
                    most + "}]}"),
           "accepted");
}

TEST_CASE("a file holds at most 100,000 pairs of context and batch, and the budget that is too many is named") {
  const auto file = [](int budgets) {
    std::string text;
    // Each has 100 * 100 points.
    for (int i = 0; i < budgets; ++i) {
      text += (i == 0 ? R"({"name": ")" : R"(, {"name": ")") + std::to_string(i) +
              R"(", "limits": {"kv_cache_bytes": {"max": "1TB"}}})";
    }
    return R"({"defaults": {"model": "llama-3.1-8b", "contexts": "1..100:+1", "batches": "1..100:+1"}, "budgets": [)" +
           text + "]}";
  };
  CHECK_EQ(fault_of(file(10)), "accepted");
  CHECK_EQ(fault_of(file(12)),
           "b.json: /budgets/10: expected at most 100,000 pairs of context and batch in the budgets of a file, found "
           "more from here on (split the file)");
}

TEST_CASE("budgets with the same draft share it, be it named by a key or by the engine") {
  for (const char* draft : {R"("draft": "llama-3.2-1b")", R"("engine": "llama.cpp:draft=llama-3.2-1b")"}) {
    CAPTURE(draft);
    const std::string budget = R"("model": "llama-3.1-8b", "context": "8K", )" + std::string(draft) +
                               R"(, "limits": {"kv_cache_bytes": {"max": "1TB"}}})";
    const std::vector<Budget> budgets =
        parse_budgets(R"({"budgets": [{"name": "a", )" + budget + R"(, {"name": "b", )" + budget + "]}", "b.json");
    REQUIRE(budgets.size() == 2);
    REQUIRE(budgets[0].setup.companions.draft);
    CHECK(&*budgets[0].setup.companions.draft == &*budgets[1].setup.companions.draft);
  }
}

TEST_CASE("budgets that differ in points and limits alone share what is counted, others do not") {
  BudgetFiles files;
  files.budgets = parse_budgets(R"({"defaults": {"model": "llama-3.1-8b", "context": "4K"}, "budgets": [
      {"name": "a", "limits": {"kv_cache_bytes": {"max": "1TB"}}},
      {"name": "b", "context": "8K", "batch": 2, "limits": {"weights_bytes": {"max": "1TB"}}},
      {"name": "c", "kv_precision": "fp8", "limits": {"kv_cache_bytes": {"max": "1TB"}}},
      {"name": "d", "kv_precision": "fp8", "level": "warning", "limits": {"kv_cache_bytes": {"max": "1TB"}}}]})",
                                "b.json");
  const BudgetReport report = judge(std::move(files));
  REQUIRE(report.judged.size() == 4);
  CHECK(report.judged[0].deployment == report.judged[1].deployment);
  CHECK(report.judged[0].deployment != report.judged[2].deployment);
  CHECK(report.judged[2].deployment == report.judged[3].deployment);
  // 2 * 32 layers * 8 heads * 128 elements a token, in two bytes or one.
  CHECK(report.judged[0].points[0].values.count(Metric::kv_cache_bytes) == Count{4096 * 131'072});
  CHECK(report.judged[3].points[0].values.count(Metric::kv_cache_bytes) == Count{4096 * 65'536});
}

TEST_CASE("a place on a long line counts characters, wherever it stands") {
  // Each name has 300 characters of three bytes; the whole file is one line.
  std::string name;
  for (int i = 0; i < 300; ++i) name += "€";
  std::string text = R"({"defaults":{"model":"llama-3.1-8b","context":1},"budgets":[)";
  for (int i = 0; i < 20; ++i) {
    text += (i == 0 ? "" : ",") + (R"({"name":")" + std::to_string(i) + name + R"(","limits":{"scores":{"max":1}}})");
  }
  text += "]}";
  const std::vector<Budget> budgets = parse_budgets(text, "b.json");
  REQUIRE(budgets.size() == 20);
  for (int i = 0; i < 20; ++i) {
    const std::size_t value = text.find("\"" + std::to_string(i) + "€");
    std::uint32_t column = 1;
    for (std::size_t at = 0; at < value; ++at) column += (text[at] & 0xC0) != 0x80 ? 1 : 0;
    CHECK(budgets[static_cast<std::size_t>(i)].place.line == 1);
    CHECK(budgets[static_cast<std::size_t>(i)].place.column == column);
  }
}

TEST_CASE("limits of other kinds than a count: shares of a device, what nothing bounds, what is not known") {
  const auto judged = [](const std::string& model, const std::string& settings, const std::string& limits) {
    return check({parse_budgets(R"({"budgets": [{"name": "a", "model": ")" + model + R"(", )" + settings +
                                    R"(, "limits": {)" + limits + "}}]}",
                                "b.json"),
                  {},
                  {}});
  };
  const std::string h100 = R"("context": 4096, "gpu": "h100-sxm-80gb")";
  // A share, to whole bytes on the side of the limit.
  const Count memory = load_accelerator("h100-sxm-80gb").memory();
  const BudgetReport share =
      judged("llama-3.1-8b", h100, R"("device_bytes": {"min": "10.57% of gpu", "max": "90.5% of gpu"})");
  const std::vector<JudgedLimit>& both = share.judged.at(0).limits;
  REQUIRE(both.size() == 2);
  CHECK(both[0].bound == MetricValue((memory * 1057 + 9999) / 10000));
  CHECK(both[1].bound == MetricValue(memory * 905 / 1000));
  CHECK(share.verdict == Verdict::pass);
  // A state takes the same room at any context.
  const BudgetReport endless =
      judged("mamba-130m-hf", h100, R"("max_context_memory": {"min": 1000000000, "max": 1000000000})");
  const std::vector<JudgedLimit>& any = endless.judged.at(0).limits;
  REQUIRE(any.size() == 2);
  CHECK(any[0].verdict == Verdict::pass);
  CHECK(any[1].verdict == Verdict::fail);
  CHECK(any[1].unbounded);
  CHECK(any[1].distance == MetricValue());
  CHECK(any[1].distance_percent == std::nullopt);
  // A real value misses by a real number.
  const BudgetReport slow = judged("llama-3.1-8b", h100, R"("decode_tokens_per_second": {"min": 1000000})");
  const JudgedLimit& rate = slow.judged.at(0).limits.at(0);
  CHECK(rate.verdict == Verdict::fail);
  REQUIRE(std::holds_alternative<double>(rate.actual));
  CHECK(std::get<double>(rate.distance) == doctest::Approx(1000000 - std::get<double>(rate.actual)));
  // What has no value is a fault at its limit.
  const auto fault = [](const BudgetReport& report) -> std::string {
    return report.faults.size() == 1 ? report.faults[0].diagnostic.place + ": " + report.faults[0].diagnostic.message
                                     : "no fault or several";
  };
  CHECK(fault(judged("llama-3.1-8b", R"("context": 4096)", R"("decode_tokens_per_second": {"min": 10})")) ==
        "/budgets/0/limits/decode_tokens_per_second/min: \"decode_tokens_per_second\" needs a \"gpu\"");
  CHECK(fault(judged("article-7b", R"("context": 4096)", R"("weights_bytes": {"max": "1GiB"})")) ==
        "/budgets/0/limits/weights_bytes/max: \"weights_bytes\" of \"article-7b\" is unknown");
  CHECK(fault(judged("llama-3.1-8b", R"("context": 340282366920938463463374607431768211455)",
                     R"("kv_cache_bytes": {"max": "1GiB"})"))
            .starts_with("/budgets/0: "));
}
