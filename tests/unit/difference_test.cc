#include "ctxcost/answer/difference.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/catalogue.h"
#include "input/formats.h"
#include "input/json/config_changes.h"
#include "input/model_config.h"

using namespace ctxcost;

namespace {

// A token has 2 layers * 4 KV heads * (64 + 64) elements * 2 bytes = 2,048 bytes; with 2 KV heads half of it.
constexpr const char* kOld = R"({"name": "old", "layers": 2, "heads": 4, "d_k": 64, "kv_heads": 4, "notes": "a"})";
constexpr const char* kNew =
    R"({"name": "new", "layers": 2, "heads": 4, "d_k": 64, "kv_heads": 2, "notes": "b", "batch": 1})";

Comparand old_model() { return parse_comparand(kOld, "old.json"); }
Comparand new_model() { return parse_comparand(kNew, "new.json"); }

/// A report with one result for each context, whose cache has `bytes` a token.
Comparand saved(const std::string& name, const std::vector<int>& contexts, int bytes, const std::string& engine) {
  std::string results;
  for (const int context : contexts) {
    results += (results.empty() ? "" : ",") +
               (R"({"model": {"name": "m"}, "engine": ")" + engine + R"(", "batch": 1, "context": )" +
                std::to_string(context) + R"(, "kv_cache_bytes": )" + std::to_string(context * bytes) +
                R"(, "kv_bytes_per_token": )" + std::to_string(bytes) + "}");
  }
  return parse_comparand(R"({"schema_version": 1, "conventions": {"name": "causal", "flops_per_mac": 2,
    "pairs": "exact"}, "results": [)" +
                             results + "]}",
                         name);
}

DiffOptions at(const char* contexts, std::vector<const char*> thresholds = {}) {
  DiffOptions options;
  options.grid.contexts = parse_lengths(contexts, "contexts");
  for (const char* text : thresholds) options.thresholds.push_back(parse_threshold(text, "thresholds"));
  return options;
}

/// The metrics in which whole reports of two configs differ; empty if either is no model or has no report.
std::optional<std::vector<Metric>> differing_reports(const JsonDocument& before, const JsonDocument& after,
                                                     const DiffOptions& options) {
  const auto record_of = [&options](const JsonDocument& config) {
    Grid grid = options.grid;
    grid.models = {read_model(config, {})};
    return record(Report(std::move(grid), options.counting), config.source);
  };
  std::vector<Metric> found;
  try {
    const ReportRecord old_record = record_of(before), new_record = record_of(after);
    for (const PointComparison& point : compare(old_record, new_record, options.metrics).points) {
      for (const MetricChange& change : point.changes) {
        if (std::find(found.begin(), found.end(), change.metric) == found.end()) found.push_back(change.metric);
      }
    }
  } catch (const InputError&) {
    return std::nullopt;
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string fault(const Comparand& before, const Comparand& after, const DiffOptions& options) {
  try {
    diff(before, after, options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a key is shown with what it changes alone") {
  DiffOptions options = at("1K");
  options.metrics = {Metric::kv_cache_bytes, Metric::scores};
  const Difference difference = diff(old_model(), new_model(), options);
  CHECK(difference.keys_note == "");
  REQUIRE(difference.keys.size() == 4);
  CHECK(difference.keys[0].pointer == "/name");
  CHECK(difference.keys[0].alone_changes == std::vector<Metric>{});
  CHECK(difference.keys[1].pointer == "/kv_heads");
  CHECK(difference.keys[1].before == "4");
  CHECK(difference.keys[1].after == "2");
  CHECK(difference.keys[1].alone_changes == std::vector{Metric::kv_cache_bytes});
  CHECK(difference.keys[2].before == "\"a\"");
  CHECK(difference.keys[3].pointer == "/batch");
  CHECK(difference.keys[3].before == std::nullopt);
  CHECK(difference.keys[3].after == "1");
}

TEST_CASE("what a key changes alone is found over several types of the cache and batches, too") {
  DiffOptions options = at("1K,2K");
  options.metrics = {Metric::kv_cache_bytes, Metric::scores};
  options.grid.kv = {parse_kv_precision("fp8", "kv"), parse_kv_precision("fp16", "kv")};
  options.grid.batches = parse_lengths("1,2", "batches");
  const Difference difference = diff(old_model(), new_model(), options);
  REQUIRE(difference.keys.size() == 4);
  CHECK(difference.keys[0].alone_changes == std::vector<Metric>{});
  CHECK(difference.keys[1].alone_changes == std::vector{Metric::kv_cache_bytes});
  CHECK(difference.keys[3].alone_changes == std::vector<Metric>{});
}

TEST_CASE("a key that alone makes no valid model says so") {
  const Comparand three = parse_comparand(R"({"layers": 2, "heads": 6, "d_k": 64, "kv_heads": 3})", "three.json");
  const Comparand four = parse_comparand(R"({"layers": 2, "heads": 8, "d_k": 64, "kv_heads": 4})", "four.json");
  const Difference difference = diff(three, four, at("1K"));
  REQUIRE(difference.keys.size() == 2);
  CHECK(difference.keys[0].pointer == "/heads");  // 8 heads of which 3 would be KV heads
  CHECK(difference.keys[0].alone_changes == std::nullopt);
  CHECK(difference.keys[1].pointer == "/kv_heads");  // nor 6 by 4
  CHECK(difference.keys[1].alone_changes == std::nullopt);
}

TEST_CASE("of thousands of changed keys only as many are tried as 8 MiB of text allow, and the rest is said") {
  // 200,000 bytes: 8 MiB hold that text 41 times.
  const std::string notes(199'000, 'x');
  std::string old_text = R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
      "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 100, "remark": ")" +
                         notes + "\"";
  std::string new_text = old_text;
  for (int i = 0; i < 60; ++i) {
    old_text += ",\"remark_" + std::to_string(i) + "\":0";
    new_text += ",\"remark_" + std::to_string(i) + "\":1";
  }
  old_text += "}";
  new_text += "}";
  const std::size_t most = (std::size_t{8} << 20) / old_text.size();
  REQUIRE(most == 41);
  const Difference difference =
      diff(parse_comparand(old_text, "old.json"), parse_comparand(new_text, "new.json"), at("1K"));
  REQUIRE(difference.keys.size() == 60);
  CHECK(difference.keys[40].tried);
  CHECK(difference.keys[40].alone_changes == std::vector<Metric>{});
  CHECK(!difference.keys[41].tried);
  CHECK(difference.keys[41].alone_changes == std::nullopt);
  CHECK(difference.keys_note == "60 keys differ: only the first 41 were tried alone");
}

TEST_CASE("two models are compared at 10,000 points at most") {
  CHECK(fault(old_model(), new_model(), at("1..10000:+1")).empty());
  CHECK(fault(old_model(), new_model(), at("1..10001:+1")) ==
        "diff: expected at most 10,000 points, found 10,001 (`ctxcost scale` writes any number)");
  DiffOptions options = at("1..5001:+1");
  options.grid.batches = parse_lengths("1,2", "batches");
  CHECK(fault(old_model(), new_model(), options) ==
        "diff: expected at most 10,000 points, found 10,002 (`ctxcost scale` writes any number)");
}

TEST_CASE("thresholds are judged at each point, and the worst is the verdict") {
  const Difference difference =
      diff(old_model(), new_model(), at("1K,4K", {"kv_cache_bytes > 5%", "kv_cache_bytes <= -1MiB"}));
  REQUIRE(difference.thresholds.size() == 2);
  CHECK(difference.thresholds[0].verdict == Verdict::pass);
  CHECK(difference.thresholds[0].breaches.empty());
  CHECK(difference.thresholds[1].verdict == Verdict::fail);
  // 1,024 tokens save 1,024 * 1,024 bytes, which is 1 MiB; 4,096 tokens four times as much.
  REQUIRE(difference.thresholds[1].breaches.size() == 2);
  CHECK(difference.thresholds[1].breaches[0].point == 0);
  CHECK(difference.thresholds[1].breaches[1].change.change == RecordedValue(SignedCount{true, 4'194'304}));
  CHECK(difference.verdict == Verdict::fail);
  CHECK(diff(old_model(), new_model(), at("512", {"kv_cache_bytes <= -1MiB"})).verdict == Verdict::pass);
  CHECK(diff(old_model(), new_model()).verdict == Verdict::pass);
}

TEST_CASE("a threshold on what is not known is no answer, and names where it was written") {
  CHECK(fault(old_model(), new_model(), at("1K", {"weights_bytes"})) ==
        "thresholds: \"weights_bytes\" cannot be judged: weights_bytes of old.json is unknown at 1K");
}

TEST_CASE("saved reports are compared where they were counted") {
  const Comparand before = saved("before.json", {1024, 4096}, 2048, "ideal");
  const Comparand after = saved("after.json", {1024, 4096, 8192}, 1024, "vllm");
  CHECK(before.is_report());
  const Difference difference = diff(before, after);
  CHECK(difference.saved);
  CHECK(difference.before_name == "before.json");
  CHECK(difference.comparison.points.size() == 2);
  CHECK(difference.comparison.only_after.size() == 1);
  CHECK(difference.keys.empty());
  CHECK(difference.keys_note == "saved reports hold no config: which keys changed is not known");
  // The engine is another one at all points: said once, and no point is told apart by it.
  CHECK(difference.varying_labels.empty());
  REQUIRE(difference.label_changes.size() == 1);
  CHECK(difference.label_changes[0].label == "engine");
  CHECK(difference.label_changes[0].before == "ideal");
  CHECK(difference.label_changes[0].after == "vllm");

  CHECK(diff(before, after, at("4K")).comparison.points.size() == 1);
  CHECK(fault(before, after, at("2K")) ==
        "before.json: expected results of the chosen contexts and batches, found none");
  CHECK(fault(before, new_model(), {}) ==
        "new.json: expected a saved report beside a saved report, found a model (`ctxcost scale new.json --format json "
        "-o FILE` saves one)");
}

TEST_CASE("a change that is the same at all contexts is one row") {
  const Difference difference = diff(saved("a", {1024, 4096}, 2048, "ideal"), saved("b", {1024, 4096}, 1024, "ideal"));
  const std::vector<ChangeRow> rows = change_rows(difference);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].change->metric == Metric::kv_cache_bytes);
  CHECK(!rows[0].every_context);
  CHECK(rows[1].point->after->context == 4096);
  CHECK(rows[2].change->metric == Metric::kv_bytes_per_token);
  CHECK(rows[2].every_context);
  CHECK(rows[2].change->percent == Percent{true, 500});
  // Of one context there is nothing that all share.
  const Difference one = diff(saved("a", {1024}, 2048, "ideal"), saved("b", {1024}, 1024, "ideal"));
  for (const ChangeRow& row : change_rows(one)) CHECK(!row.every_context);
}

TEST_CASE("a difference may be copied, and outlives what it was made of") {
  std::optional<Difference> original = diff(saved("a", {1024}, 2048, "ideal"), saved("b", {1024}, 1024, "ideal"));
  const Difference copy = *original;
  original.reset();
  CHECK(copy.comparison.points.at(0).before->model == "m");
  CHECK(copy.comparison.points.at(0).after->context == 1024);
}

// Alone, a key is tried by what it can change: nothing, the window's level, or what is not yet known to differ.
TEST_CASE("a key alone changes the metrics in which whole reports differ") {
  std::vector<std::pair<std::string, std::string>> pairs = {{"llama-3.1-8b", "qwen3-8b"},
                                                            {"meta-llama-3-8b", "llama-3.1-8b"},
                                                            {"phi-3-mini-4k-instruct", "phi-3.5-mini-instruct"},
                                                            {"gpt2", "gpt2-medium"},
                                                            {"t5-small", "t5-base"},
                                                            {"gemma-2-2b-it", "gemma-3-1b-it"}};
  const std::span<const CatalogueEntry> all = catalogue();
  for (std::size_t i = 0; i + 1 < all.size(); i += 40) pairs.emplace_back(all[i].id, all[i + 1].id);
  std::size_t windows = 0, tables = 0, others = 0;
  for (const std::pair<std::string, std::string>& names : pairs) {
    CAPTURE(names.first);
    const Comparand before = load_comparand(names.first), after = load_comparand(names.second);
    const auto& old_model = std::get<ComparedModel>(before.content);
    const JsonDocument old_config{old_model.config->source, "", config_root(*old_model.config)};
    const JsonValue& new_root = config_root(*std::get<ComparedModel>(after.content).config);
    for (const char* const weights : {"", "Q8_0"}) {
      CAPTURE(weights);
      DiffOptions options = at("8K,1K,300K,4K");
      if (*weights != 0) options.grid.weights = {parse_weight_scheme(weights, "weights")};
      for (const bool every_metric : {false, true}) {
        if (every_metric) {
          for (const MetricInfo& one : metrics()) options.metrics.push_back(one.metric);
        }
        std::optional<Difference> difference;
        try {
          difference = diff(before, after, options);
        } catch (const InputError&) {
          continue;  // a width that Q8_0 does not store
        }
        for (const ChangedKey& key : difference->keys) {
          CAPTURE(key.pointer);
          JsonDocument changed = old_config;
          const std::vector<ConfigChange> changes = config_changes(old_config.root, new_root);
          const auto change = std::find_if(changes.begin(), changes.end(),
                                           [&](const ConfigChange& one) { return one.pointer == key.pointer; });
          REQUIRE(change != changes.end());
          const AppliedChange applied(changed.root, *change);
          CHECK(key.alone_changes == differing_reports(old_config, changed, options));
          const bool window = key.alone_changes == std::vector<Metric>{Metric::window_status};
          const bool scaling = key.pointer == "/rope_scaling" && *weights != 0;
          (window ? windows : scaling ? tables : others) += 1;
        }
      }
    }
  }
  CHECK(windows > 0);
  CHECK(tables > 0);
  CHECK(others > 100);
}
