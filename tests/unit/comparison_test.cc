#include "ctxcost/answer/comparison.h"

#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"
#include "input/json/config_changes.h"
#include "input/json/json_text.h"
#include "input/saved_report/saved_report.h"

using namespace ctxcost;

namespace {

RecordedValue whole(Count value) { return SignedCount{false, value}; }
RecordedValue minus(Count value) { return SignedCount{true, value}; }

std::string percent(const RecordedValue& before, const RecordedValue& after) {
  const MetricChange change = change_of(Metric::kv_cache_bytes, before, after);
  return change.percent ? to_string(*change.percent) : "";
}

std::string fault(std::string_view threshold) {
  try {
    parse_threshold(threshold, "--fail-if");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

/// A report of one result: what stands between the braces is given.
std::string saved(const std::string& result,
                  const std::string& conventions = R"({"name": "causal", "flops_per_mac": 2, "pairs": "exact"})") {
  return R"({"schema_version": 1, "conventions": )" + conventions + R"(, "results": [{)" + result + "}]}";
}

ReportRecord read(const std::string& text, std::string_view source) {
  return read_saved_report(parse_json(text, source));
}

std::string read_fault(const std::string& text) {
  try {
    read(text, "r.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("percentages come from the integers, to one decimal, half up") {
  CHECK(percent(whole(1000), whole(1125)) == "+12.5%");
  CHECK(percent(whole(8), whole(2)) == "-75.0%");
  CHECK(percent(whole(3), whole(4)) == "+33.3%");
  CHECK(percent(whole(2000), whole(2001)) == "+0.1%");  // 0.05 rounds up
  CHECK(percent(whole(2001), whole(2002)) == "+0.0%");  // 0.04997…
  CHECK(percent(whole(2000), whole(1999)) == "-0.1%");  // by size, not towards above
  CHECK(percent(whole(1), whole(1'000'001)) == "+100000000.0%");
  CHECK(percent(whole(0), whole(5)) == "");            // of nothing there is no percentage
  CHECK(percent(minus(100), minus(150)) == "-50.0%");  // a headroom that gets worse
  CHECK(percent(minus(100), whole(100)) == "+200.0%");
  // 2^125 + 2^123: no double holds the difference of one unit.
  const Count large = Count::from_raw(Uint128{1} << 120);
  CHECK(percent(whole(large), whole(large + large / 4)) == "+25.0%");
}

TEST_CASE("differences have a sign and all their digits") {
  const auto change = [](RecordedValue before, RecordedValue after) {
    return std::get<SignedCount>(change_of(Metric::headroom_bytes, before, after).change);
  };
  CHECK(change(whole(5), whole(3)) == SignedCount{true, 2});
  CHECK(change(minus(5), whole(3)) == SignedCount{false, 8});
  CHECK(change(whole(5), minus(3)) == SignedCount{true, 8});
  CHECK(change(minus(5), minus(3)) == SignedCount{false, 2});
  CHECK(change(minus(3), minus(5)) == SignedCount{true, 2});
  CHECK(change(minus(3), minus(3)) == SignedCount{false, 0});
}

TEST_CASE("each metric knows which direction costs more") {
  const auto worse = [](Metric metric, RecordedValue before, RecordedValue after) {
    return change_of(metric, before, after).worse;
  };
  CHECK(worse(Metric::kv_cache_bytes, whole(1), whole(2)) == true);
  CHECK(worse(Metric::kv_cache_bytes, whole(2), whole(1)) == false);
  CHECK(worse(Metric::decode_tokens_per_second, 10.0, 9.0) == true);
  CHECK(worse(Metric::headroom_bytes, whole(1), minus(1)) == true);
  CHECK(worse(Metric::max_context, whole(1), whole(2)) == false);
  CHECK(worse(Metric::window_status, std::string("trained"), std::string("beyond")) == true);
  CHECK(worse(Metric::window_status, std::string("impossible"), std::string("scaled")) == false);
  CHECK(worse(Metric::growth_kv_cache, 1.0, 2.0) == std::nullopt);
  CHECK(worse(Metric::parameters, {}, whole(2)) == std::nullopt);
}

TEST_CASE("a threshold holds exactly from its amount on") {
  struct Row {
    const char* threshold;
    RecordedValue before, after;
    bool held;
  };
  const Row rows[] = {
      {"kv_cache_bytes > +5%", whole(1000), whole(1050), false},
      {"kv_cache_bytes > +5%", whole(1000), whole(1051), true},
      {"kv_cache_bytes >= +5%", whole(1000), whole(1050), true},
      {"kv_cache_bytes > 5%", whole(1000), whole(1051), true},
      {"kv_cache_bytes > 5%", whole(1000), whole(900), false},
      {"kv_cache_bytes > +0.1%", whole(3000), whole(3003), false},
      {"kv_cache_bytes > +0.1%", whole(2999), whole(3002), true},
      {"kv_cache_bytes < -3%", whole(1000), whole(970), false},
      {"kv_cache_bytes < -3%", whole(1000), whole(969), true},
      {"kv_cache_bytes <= -3%", whole(1000), whole(970), true},
      {"kv_cache_bytes > -3%", whole(1000), whole(971), true},
      {"kv_cache_bytes > +1KiB", whole(0), whole(1024), false},
      {"kv_cache_bytes > +1KiB", whole(0), whole(1025), true},
      {"kv_cache_bytes >= +1.5KB", whole(10), whole(1510), true},
      {"kv_cache_bytes>+1B", whole(10), whole(11), false},
      {"kv_cache_bytes < -1.5KB", whole(1510), whole(10), false},
      {"kv_cache_bytes < -1.5KB", whole(1510), whole(9), true},
      {"kv_cache_bytes > +500%", whole(0), whole(1), true},  // from nothing: beyond any percentage
      {"kv_cache_bytes >= +0%", whole(7), whole(7), true},
      {"kv_cache_bytes", whole(7), whole(8), true},
      {"kv_cache_bytes", whole(7), whole(7), false},
      {"kv_cache_bytes", whole(7), whole(6), false},
      {"max_context > 10%", whole(1000), whole(900), false},
      {"max_context > 10%", whole(1000), whole(899), true},
      {"max_context > 10%", whole(1000), whole(2000), false},
      {"max_context < -10%", whole(1000), whole(899), true},
      {"headroom_bytes > 50%", whole(2), minus(2), true},
      {"decode_tokens_per_second > 10%", 100.0, 85.0, true},
      {"decode_tokens_per_second > 10%", 100.0, 95.0, false},
      {"prefill_seconds > +20ms", 1.0, 1.25, true},
      {"prefill_seconds > +20ms", 1.0, 1.01, false},
      {"window_status", std::string("trained"), std::string("scaled"), true},
      {"window_status", std::string("scaled"), std::string("scaled"), false},
      {"growth_kv_cache > +5%", 1.0, 1.5, true},
      {"kv_cache_bytes >= +5%", whole(0), whole(0), false},
      {"kv_cache_bytes >= +0%", whole(0), whole(0), true},
      {"decode_tokens_per_second < -10%", 100.0, 85.0, true},
      {"decode_tokens_per_second <= -10%", 100.0, 95.0, false},
      {"prefill_seconds < -20ms", 1.0, 0.5, true},
      {"prefill_seconds < -20ms", 1.0, 0.99, false},
      {"max_context >= 0%", whole(7), whole(7), true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.threshold);
    CHECK(holds(parse_threshold(row.threshold, "--fail-if"), row.before, row.after) == row.held);
  }
  // Near 2^120, where products of both sides leave 128 bits and doubles their last 67 bits.
  const Count base = Count::from_raw(Uint128{1} << 120);
  const Threshold threshold = parse_threshold("scores > +6.25%", "--fail-if");
  CHECK(holds(threshold, whole(base), whole(base + base / 16)) == false);
  CHECK(holds(threshold, whole(base), whole(base + base / 16 + 1)) == true);
  CHECK(holds(threshold, {}, whole(1)) == std::nullopt);
  CHECK(holds(parse_threshold("scores", "--fail-if"), whole(1), {}) == std::nullopt);
}

TEST_CASE("a threshold that says too little or something else is refused") {
  const std::pair<const char*, const char*> rows[] = {
      {"kv_cache_byte > +5%",
       "expected a metric, found \"kv_cache_byte\" in \"kv_cache_byte > +5%\"; did you mean "
       "\"kv_cache_bytes\"?"},
      {"kv_cache_bytes = 5%", "expected >, >=, < or <= in \"kv_cache_bytes = 5%\""},
      {"kv_cache_bytes >", "expected a change such as +5% in \"kv_cache_bytes >\" (write METRIC > +5%)"},
      {"kv_cache_bytes > 24GiB",
       "expected the sign of a change in \"kv_cache_bytes > 24GiB\" (write +24GiB; the value itself is limited by a "
       "budget of `check`)"},
      {"kv_cache_bytes < 5%", "expected a sign after < and <= in \"kv_cache_bytes < 5%\" (write METRIC < -5%)"},
      {"growth_kv_cache",
       "expected a sign: neither direction of this metric costs more in \"growth_kv_cache\" (write "
       "METRIC > +5%)"},
      {"kv_cache_bytes > +5",
       "expected a size with its unit: bytes? in \"kv_cache_bytes > +5\" (write 5MB or, for bytes, "
       "5B)"},
      {"window_status > +5%", "expected \"window_status\" alone: a level has no size in \"window_status > +5%\""},
      {"context > +5%", "expected a metric that may change, found \"context\" in \"context > +5%\""},
  };
  for (const auto& [threshold, message] : rows) CHECK(fault(threshold) == "--fail-if: " + std::string(message));
  CHECK(fault("xyzzy > 5%") ==
        "--fail-if: expected a metric, found \"xyzzy\" in \"xyzzy > 5%\" (`ctxcost list metrics` shows all)");
  CHECK(fault("batch") == "--fail-if: expected a metric that may change, found \"batch\" in \"batch\"");
  CHECK(fault("growth_kv_cache > 5%") ==
        "--fail-if: expected a sign: neither direction of this metric costs more in \"growth_kv_cache > 5%\" (write "
        "METRIC > +5%)");
  CHECK(fault("kv_cache_bytes <= 5%") ==
        "--fail-if: expected a sign after < and <= in \"kv_cache_bytes <= 5%\" (write METRIC < -5%)");
  CHECK(fault("prefill_seconds > +5 apples").starts_with("--fail-if: expected a percentage or "));
  // What is not known makes no verdict.
  for (const char* text : {"kv_cache_bytes", "kv_cache_bytes > 5%", "kv_cache_bytes > +1KiB"}) {
    CAPTURE(text);
    CHECK(holds(parse_threshold(text, ""), {}, whole(1)) == std::nullopt);
    CHECK(holds(parse_threshold(text, ""), whole(1), {}) == std::nullopt);
  }
  CHECK(fault("kv_cache_bytes > +5 GigaFLOPs").find("expected a percentage or bytes") != std::string::npos);
  CHECK(fault("") != "");
}

TEST_CASE("a saved report is read with all digits") {
  const ReportRecord report =
      read(saved(R"("model": {"name": "m"}, "weights": "bf16", "gpu": "h100", "context": 4096, "batch": 2,
               "scores": 340282366920938463463374607431768211455, "headroom_bytes": -5, "parameters": null,
               "growth_kv_cache": 1.5, "window_status": "scaled", "notes": [], "later": 3)"),
           "r.json");
  REQUIRE(report.points.size() == 1);
  const PointRecord& point = report.points[0];
  CHECK(point.model == "m");
  CHECK(point.context == 4096);
  CHECK(point.batch == 2);
  CHECK(point.labels == std::vector<std::pair<std::string, std::string>>{{"weights", "bf16"}, {"gpu", "h100"}});
  CHECK(*point.find(Metric::scores) == whole(Count::from_raw(~Uint128{0})));
  CHECK(*point.find(Metric::headroom_bytes) == minus(5));
  CHECK(*point.find(Metric::parameters) == RecordedValue());
  CHECK(*point.find(Metric::growth_kv_cache) == RecordedValue(1.5));
  CHECK(*point.find(Metric::window_status) == RecordedValue(std::string("scaled")));
  CHECK(point.find(Metric::weights_bytes) == nullptr);
  CHECK(point.convention.pairs == "exact");
}

TEST_CASE("what is no saved report is refused, with its place") {
  const std::string good = R"("model": {"name": "m"}, "context": 1, "batch": 1)";
  CHECK(read_fault(R"({"layers": 3})").starts_with("r.json: expected a saved report"));
  CHECK(read_fault(R"({"schema_version": 2, "results": []})") ==
        "r.json: /schema_version: expected 1, found 2 (write the report again with this version)\n"
        "r.json: /results: expected a list of results, found an empty list");
  CHECK(
      read_fault(R"({"schema_version": 1, "results": [{)" + good + "}]}") ==
      "r.json: /results/0/conventions: expected how the numbers were counted, here or in the document, found nothing");
  CHECK(read_fault(saved(good + R"(, "kv_cache_bytes": 1.5)")) ==
        "r.json: /results/0/kv_cache_bytes: expected a number or null, found 1.5");
  CHECK(read_fault(saved(good + R"(, "kv_cache_bytes": "1")")) ==
        "r.json: /results/0/kv_cache_bytes: expected a number or null, found \"1\"");
  const std::pair<const char*, const char*> rows[] = {
      {R"("context": 1, "batch": 1)", R"(model: expected an object with the model's "name", found nothing)"},
      {R"("model": 3, "context": 1, "batch": 1)", R"(model: expected an object with the model's "name", found 3)"},
      {R"("model": {}, "context": 1, "batch": 1)",
       R"(model: expected an object with the model's "name", found an object)"},
      {R"("model": {"name": 3}, "context": 1, "batch": 1)",
       R"(model: expected an object with the model's "name", found an object)"},
      {R"("model": "m", "context": -1, "batch": 1)", "context: expected a non-negative integer, found -1"},
      {R"("model": "m", "context": 1, "batch": "1")",
       R"(batch: expected a non-negative integer, found "1" (remove the quotes))"},
      {R"("model": "m", "context": 1, "batch": 1, "window_status": 3)",
       "window_status: expected a level's name or null, found 3"},
      {R"("model": "m", "context": 1, "batch": 1, "window_status": 0.5)",
       "window_status: expected a level's name or null, found 0.5"},
      {R"("model": "m", "context": 1, "batch": 1, "parameters": true)",
       "parameters: expected a number or null, found true"},
      {R"("model": "m", "context": 1, "batch": 1, "parameters": 340282366920938463463374607431768211456)",
       "parameters: expected a number or null, found 340282366920938463463374607431768211456"},
  };
  for (const auto& [result, message] : rows) {
    CHECK(read_fault(saved(result)) == "r.json: /results/0/" + std::string(message));
  }
  CHECK(read_fault(saved(good, "{}")) ==
        "r.json: /conventions/name: expected how the numbers were counted, found nothing\n"
        "r.json: /conventions/pairs: expected how the numbers were counted, found nothing\n"
        "r.json: /conventions/flops_per_mac: expected how the numbers were counted, found nothing");
  CHECK(read_fault(R"({"schema_version": "1", "results": {}})") ==
        "r.json: /schema_version: expected 1, found \"1\" (write the report again with this version)\n"
        "r.json: /results: expected a list of results, found an object");
  CHECK(read_fault(R"({"schema_version": 1, "results": [3, null]})") ==
        "r.json: /results/0: expected an object, found 3\nr.json: /results/1: expected an object, found null");
  CHECK(read_fault(R"({"schema_version": 1, "verdict": "error", "results": []})") ==
        "r.json: /verdict: expected a report without errors, found \"error\" (mend what its \"errors\" name and save "
        "it again)");
  CHECK(read_fault(R"({"schema_version": 1})").starts_with("r.json: expected a saved report"));
  CHECK(read_fault("[]").starts_with("r.json: expected a saved report"));
  // Minus nothing is nothing; a row of one line names its model by a string.
  const ReportRecord zero =
      parse_saved_report(saved(R"("model": "m", "context": 0, "batch": 0, "headroom_bytes": -0)"), "r.json");
  CHECK(zero.points.at(0).model == "m");
  CHECK(*zero.points.at(0).find(Metric::headroom_bytes) == whole(0));
  CHECK(read_fault(saved(R"("model": {"name": "m"}, "context": 1)")).find("/results/0/batch: expected an integer") !=
        std::string::npos);
}

TEST_CASE("points are joined by their series' names, then by place") {
  const auto point = [](const char* model, int context, int bytes) {
    return R"({"model": {"name": ")" + std::string(model) + R"("}, "context": )" + std::to_string(context) +
           R"(, "batch": 1, "kv_cache_bytes": )" + std::to_string(bytes) + "}";
  };
  const auto report = [](const std::string& results) {
    return R"({"schema_version": 1, "conventions": {"name": "causal", "flops_per_mac": 2, "pairs": "exact"},
               "results": [)" +
           results + "]}";
  };
  const ReportRecord before =
      read(report(point("a", 1, 10) + "," + point("a", 2, 20) + "," + point("b", 1, 5)), "old.json");
  const ReportRecord after =
      read(report(point("c", 1, 6) + "," + point("a", 2, 22) + "," + point("a", 4, 40)), "new.json");
  const Comparison comparison = compare(before, after);
  REQUIRE(comparison.points.size() == 2);
  CHECK(comparison.points[0].before->context == 2);  // a with a
  CHECK(std::get<SignedCount>(comparison.points[0].changes.at(0).change) == SignedCount{false, 2});
  CHECK(comparison.points[1].before->model == "b");  // what is left on either side
  CHECK(comparison.points[1].after->model == "c");
  REQUIRE(comparison.only_before.size() == 1);
  CHECK(comparison.only_before[0]->context == 1);
  REQUIRE(comparison.only_after.size() == 1);
  CHECK(comparison.only_after[0]->context == 4);

  const ReportRecord elsewhere = read(report(point("a", 8, 1)), "far.json");
  CHECK_THROWS_WITH_AS(compare(before, elsewhere),
                       "far.json: expected a point of the context, batch and series of one in old.json, found none",
                       InputError);
}

TEST_CASE("configs of many keys are compared one by one, too") {
  // 500 keys in opposite orders; each tenth of the first hundred is another value, one is gone and one is new.
  std::string before = "{", after = "{";
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    const int j = 499 - i;
    before += (i == 0 ? "\"k" : ", \"k") + std::to_string(i) + "\": " + std::to_string(i);
    after += (i == 0 ? "\"" : ", \"") + std::string(j == 77 ? "new" : "k" + std::to_string(j)) +
             "\": " + std::to_string(j < 100 && j % 10 == 0 ? 1000 : j);
    if (i < 100 && i % 10 == 0) expected.push_back("~/k" + std::to_string(i));
    if (i == 77) expected.emplace_back("-/k77");
  }
  expected.emplace_back("+/new");
  const JsonDocument old_config = parse_json(before + "}", "old");
  const JsonDocument new_config = parse_json(after + "}", "new");
  std::vector<std::string> found;
  for (const ConfigChange& change : config_changes(old_config.root, new_config.root)) {
    found.push_back((change.before == nullptr ? "+" : change.after == nullptr ? "-" : "~") + change.pointer);
  }
  CHECK(found == expected);
}

TEST_CASE("config keys are compared one by one") {
  const JsonDocument before = parse_json(
      R"({"a": 1, "b": {"c": [1, 2], "d/e": "x"}, "f": 1.0, "g": null, "l": [{"w": 1}, {"w": 2}], "order": {"x": 1, "y": 2}})",
      "old");
  const JsonDocument after = parse_json(
      R"({"order": {"y": 2, "x": 1}, "a": 2, "b": {"c": [1, 3], "h": true}, "f": 1, "g": null, "l": [{"w": 1}, {"w": 3}]})",
      "new");
  std::vector<std::string> found;
  for (const ConfigChange& change : config_changes(before.root, after.root)) {
    found.push_back((change.before == nullptr ? "+" : change.after == nullptr ? "-" : "~") + change.pointer);
  }
  CHECK(found == std::vector<std::string>{"~/a", "~/b/c", "-/b/d~1e", "+/b/h", "~/l/1/w"});

  // Each change made alone leaves the others to be found, and is taken back.
  const std::vector<ConfigChange> changes = config_changes(before.root, after.root);
  JsonValue changed = before.root;
  for (const ConfigChange& change : changes) {
    {
      const AppliedChange applied(changed, change);
      REQUIRE(applied);
      CHECK(config_changes(before.root, changed).size() == 1);
      CHECK(config_changes(changed, after.root).size() == changes.size() - 1);
    }
    CHECK(to_text(changed) == to_text(before.root));
  }
}

TEST_CASE("a change is taken back to the byte: a whole text, a key that stands twice, a place that is not there") {
  const JsonDocument before = parse_json(R"({"a": 1, "b": [{"c": 2}], "a": 3, "d": 4, "a": 5})", "old");
  const JsonDocument after = parse_json(R"([6])", "new");
  JsonValue changed = before.root;
  {
    const AppliedChange whole(changed, {{}, "", &before.root, &after.root});
    CHECK(whole);
    CHECK(to_text(changed) == "[6]");
  }
  CHECK(to_text(changed) == to_text(before.root));
  {
    const AppliedChange removed(changed, {{"a"}, "/a", before.root.find("a"), nullptr});
    CHECK(removed);
    CHECK(to_text(changed) == R"({"b":[{"c":2}],"d":4})");
  }
  CHECK(to_text(changed) == R"({"a":1,"b":[{"c":2}],"a":3,"d":4,"a":5})");
  const AppliedChange nowhere(changed, {{"b", "1", "c"}, "/b/1/c", nullptr, &after.root});
  CHECK_FALSE(nowhere);
  CHECK(to_text(changed) == to_text(before.root));
}
