#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

// At 1,024 tokens: 2 layers * 4 KV heads * (64 + 64) elements * 2 bytes = 2,048 bytes a token, 2,097,152 in all; with
// 2 KV heads half of it. Scores and FLOPs do not depend on KV heads; parameters are unknown without d_model.
constexpr const char* kOld = R"({"name": "small", "layers": 2, "heads": 4, "d_k": 64, "kv_heads": 4, "notes": "old"})";
constexpr const char* kNew = R"({"name": "small", "layers": 2, "heads": 4, "d_k": 64, "kv_heads": 2, "notes": "new"})";

constexpr const char* kCaption =
    "article convention: 1 FLOP per multiply-add, every query charged the most keys any query sees; SI units, 1 GB = "
    "10^9 bytes; old: old.json, new: new.json, 1 sequence\n";

/// A directory with old.json and new.json.
struct Files : TemporaryDirectory {
  explicit Files(const std::string& before = kOld, const std::string& after = kNew) {
    write_file(path("old.json"), before);
    write_file(path("new.json"), after);
  }
  Run diff(std::vector<std::string> options, const std::string& input = {}) const {
    options.insert(options.begin(), {"diff", "old.json", "new.json"});
    return run(options, {.input = input, .directory = path()});
  }
  /// Replaces both by the reports of the two models.
  void save(const std::vector<std::string>& options) const {
    for (const char* file : {"old.json", "new.json"}) {
      std::vector<std::string> arguments = {"scale", file, "--format", "json"};
      arguments.insert(arguments.end(), options.begin(), options.end());
      const Run saved = run(arguments, {.directory = path()});
      REQUIRE(saved.status == 0);
      write_file(path(std::string("report-") + file), saved.out);
    }
  }
};

}  // namespace

TEST_CASE("two models as a table: what changes, and the keys that make it change") {
  const Files files;
  const Run result = files.diff({"-n", "1K,4K"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  CHECK(result.out ==
        std::string(kCaption) +
            "\n"
            "| Metric             | Context |    Old |    New |  Change | Percent |\n"
            "|--------------------|---------|-------:|-------:|--------:|--------:|\n"
            "| kv_cache_bytes     | 1K      | 2.1 MB | 1.0 MB | -1.0 MB |  -50.0% |\n"
            "| kv_cache_bytes     | 4K      | 8.4 MB | 4.2 MB | -4.2 MB |  -50.0% |\n"
            "| kv_bytes_per_token | all     | 2.0 KB | 1.0 KB | -1.0 KB |  -50.0% |\n"
            "| kv_reserved_bytes  | 1K      | 2.1 MB | 1.0 MB | -1.0 MB |  -50.0% |\n"
            "| kv_reserved_bytes  | 4K      | 8.4 MB | 4.2 MB | -4.2 MB |  -50.0% |\n"
            "\n"
            "/kv_heads: 4 → 2; this change alone affects kv_cache_bytes, kv_bytes_per_token, kv_reserved_bytes\n"
            "these keys differ but alone change no metric here: /notes\n");
}

TEST_CASE("the same in every format") {
  const Files files;
  const std::vector<std::string> point = {"-n", "1K", "--columns", "kv_cache_bytes"};
  const auto as = [&](const std::string& format, std::vector<std::string> more = {}) {
    more.insert(more.end(), point.begin(), point.end());
    more.insert(more.end(), {"--format", format});
    const Run result = files.diff(more);
    CHECK(result.err == "");
    return result.out;
  };
  CHECK(as("csv") ==
        "old_model,new_model,weights,kv_precision,engine,context,batch,metric,old,new,change,percent\n"
        "small,small,fp16,fp16,ideal,1024,1,kv_cache_bytes,2097152,1048576,-1048576,-50.0\n");
  CHECK(as("markdown", {"--fail-if", "kv_cache_bytes > 5%"}) ==
        std::string(kCaption) +
            "\n"
            "| Metric | Context | Old | New | Change | Percent |\n"
            "|---|---|---:|---:|---:|---:|\n"
            "| kv_cache_bytes | 1K | 2.1 MB | 1.0 MB | -1.0 MB | -50.0% |\n"
            "\n"
            "- /kv_heads: 4 → 2; this change alone affects kv_cache_bytes\n"
            "- these keys differ but alone change no metric here: /notes\n"
            "\n"
            "pass: kv_cache_bytes &gt; 5%\n");
  CHECK(as("table", {"-q", "--units", "iec"}) ==
        "| Metric         | Context |      Old |      New |    Change | Percent |\n"
        "|----------------|---------|---------:|---------:|----------:|--------:|\n"
        "| kv_cache_bytes | 1K      | 2.00 MiB | 1.00 MiB | -1.00 MiB |  -50.0% |\n");

  const Json document = Json::parse(as("json", {"--fail-if", "kv_cache_bytes <= -50%", "--exit-zero"}));
  CHECK(document["schema_version"] == 1);
  CHECK(document["command"] == "diff");
  CHECK(document["conventions"]["name"] == "article");
  CHECK(document["old"] == "old.json");
  CHECK(document["verdict"] == "fail");
  CHECK(document["thresholds"] == Json::parse(R"([{"fail_if": "kv_cache_bytes <= -50%", "metric": "kv_cache_bytes",
    "verdict": "fail", "holds_at": [{"new": {"model": "small", "weights": "fp16", "kv_precision": "fp16",
    "engine": "ideal"}, "context": 1024, "batch": 1, "change": -1048576, "percent": -50.0}]}])"));
  CHECK(document["config_changes"] == Json::parse(R"([
    {"pointer": "/kv_heads", "change": "changed", "old": 4, "new": 2, "alone_changes": ["kv_cache_bytes"]},
    {"pointer": "/notes", "change": "changed", "old": "old", "new": "new", "alone_changes": []}])"));
  CHECK(document["compared"] == Json::parse(R"(["kv_cache_bytes"])"));
  const Json result = Json::parse(R"({"old": {"model": "small", "weights": "fp16", "kv_precision": "fp16",
    "engine": "ideal"}, "new": {"model": "small", "weights": "fp16", "kv_precision": "fp16", "engine": "ideal"},
    "context": 1024, "batch": 1, "changes": [{"metric": "kv_cache_bytes", "old": 2097152, "new": 1048576,
    "change": -1048576, "percent": -50.0, "worse": false}]})");
  CHECK(document["results"] == Json::array({result}));
  const Json line = Json::parse(as("ndjson"));
  for (const auto& [key, value] : result.items()) CHECK(line[key] == value);
  CHECK(line["conventions"]["pairs"] == "reach");
}

TEST_CASE("nothing changes") {
  const Files files(kOld, kOld);
  const Run result = files.diff({"-n", "1K,2K", "--fail-if", "kv_cache_bytes"});
  CHECK(result.status == 0);
  // Every metric but context, batch and the two growth ratios.
  CHECK(result.out ==
        std::string(kCaption) + "\nnothing changes: 25 metrics are the same at 2 points\n\npass: kv_cache_bytes\n");
}

TEST_CASE("thresholds decide the exit status") {
  const Files files(kNew, kOld);  // the cache doubles
  const std::pair<std::vector<std::string>, int> rows[] = {
      {{"kv_cache_bytes"}, 1},         {{"kv_cache_bytes > 99.9%"}, 1},
      {{"kv_cache_bytes > 100%"}, 0},  {{"kv_cache_bytes >= +100%"}, 1},
      {{"kv_cache_bytes > +1MiB"}, 1},  // at 4K it is 4 MiB
      {{"kv_cache_bytes > +4MiB"}, 0}, {{"kv_cache_bytes < -5%"}, 0},
      {{"scores", "state_bytes"}, 0},  {{"scores", "kv_bytes_per_token"}, 1},
  };
  for (const auto& row : rows) {
    const auto& [thresholds, status] = row;
    std::vector<std::string> options = {"-n", "1K,4K"};
    for (const std::string& threshold : thresholds) options.insert(options.end(), {"--fail-if", threshold});
    CAPTURE(row.first.back());
    for (const char* format : {"table", "json", "ndjson", "csv", "markdown"}) {
      std::vector<std::string> formatted = options;
      formatted.insert(formatted.end(), {"--format", format});
      CHECK(files.diff(formatted).status == status);
    }
    options.push_back("--exit-zero");
    CHECK(files.diff(options).status == 0);
  }
  const Run result = files.diff({"-n", "1K,4K", "-q", "--columns", "kv_bytes_per_token", "--fail-if",
                                 "kv_cache_bytes > +5%", "--fail-if", "scores"});
  CHECK(result.out ==
        "| Metric             | Context |    Old |    New |  Change | Percent |\n"
        "|--------------------|---------|-------:|-------:|--------:|--------:|\n"
        "| kv_bytes_per_token | all     | 1.0 KB | 2.0 KB | +1.0 KB | +100.0% |\n"
        "\n"
        "fail: kv_cache_bytes > +5%: 1.0 MB → 2.1 MB (+100.0%) at 1K and at 1 more point\n"
        "pass: scores\n");
}

TEST_CASE("batches and types that vary have columns of their own; settings that differ are named") {
  const Files files;
  CHECK(files.diff({"-n", "1K", "-b", "1,3", "--kv-precision", "fp16,q8_0", "-q", "--columns", "kv_cache_bytes"}).out ==
        "| Metric         | Series | Batch | Context |    Old |      New |    Change | Percent |\n"
        "|----------------|--------|------:|---------|-------:|---------:|----------:|--------:|\n"
        "| kv_cache_bytes | fp16   |     1 | 1K      | 2.1 MB |   1.0 MB |   -1.0 MB |  -50.0% |\n"
        "| kv_cache_bytes | fp16   |     3 | 1K      | 6.3 MB |   3.1 MB |   -3.1 MB |  -50.0% |\n"
        "| kv_cache_bytes | q8_0   |     1 | 1K      | 1.1 MB | 557.1 KB | -557.1 KB |  -50.0% |\n"
        "| kv_cache_bytes | q8_0   |     3 | 1K      | 3.3 MB |   1.7 MB |   -1.7 MB |  -50.0% |\n");
  // A cache of one byte instead of two; the weights are of unknown size.
  const Files typed(kOld, R"({"name": "small", "layers": 2, "heads": 4, "d_k": 64, "precision": "fp8"})");
  const std::string out = typed.diff({"-n", "1K", "--columns", "kv_cache_bytes"}).out;
  CHECK(out.find("| kv_cache_bytes | 1K      | 2.1 MB | 1.0 MB | -1.0 MB |  -50.0% |\n") != std::string::npos);
  CHECK(out.find("\nweights: fp16 → fp8\nkv_precision: fp16 → fp8\n") != std::string::npos);
  CHECK(out.find("/precision: added, \"fp8\"; this change alone affects kv_cache_bytes\n") != std::string::npos);
  CHECK(out.find("alone change no metric here: /kv_heads, /notes\n") != std::string::npos);
}

TEST_CASE("saved reports compare like the models they were counted from") {
  const Files files;
  files.save({"-n", "1K,4K"});
  const auto diff = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"diff", "report-old.json", "report-new.json"});
    return run(options, {.directory = files.path()});
  };
  const Run result = diff({"--format", "csv"});
  CHECK(result.status == 0);
  CHECK(result.out == files.diff({"-n", "1K,4K", "--format", "csv"}).out);
  CHECK(diff({"-n", "4K", "--format", "csv"}).out == files.diff({"-n", "4K", "--format", "csv"}).out);
  CHECK(diff({"--fail-if", "kv_cache_bytes < -10%"}).status == 1);
  CHECK(diff({}).out.find("\nsaved reports hold no config: which keys changed is not known\n") != std::string::npos);
  // The report on standard input.
  const Run piped = run({"diff", "report-old.json", "-", "--format", "csv"},
                        {.input = read_file(files.path("report-new.json")), .directory = files.path()});
  CHECK(piped.out == result.out);

  CHECK(diff({"-n", "2K"}).err ==
        "ctxcost: report-old.json: expected results of the chosen contexts and batches, found none\n");
  CHECK(diff({"--engine", "vllm"}).err ==
        "ctxcost: --engine: saved reports were counted already (give it to the runs that wrote them)\n");
}

TEST_CASE("reports of different conventions are not compared") {
  const Files files;
  files.save({"-n", "1K"});
  const std::string causal =
      run({"scale", "new.json", "-n", "1K", "--convention", "causal", "--format", "json"}, {.directory = files.path()})
          .out;
  const Run result = run({"diff", "report-old.json", "-"}, {.input = causal, .directory = files.path()});
  CHECK(result.status == 2);
  CHECK(result.out == "");
  CHECK(result.err ==
        "ctxcost: -: /conventions: expected the convention of report-old.json, article "
        "(flops_per_mac=1,pairs=reach,logits=last), found causal (flops_per_mac=2,pairs=exact,logits=last) (count both "
        "by one convention)\n");
}

TEST_CASE("each line of NDJSON has the convention of its own point") {
  const auto report = [](int bytes) {
    const auto result = [bytes](const char* convention, int context) {
      return R"({"model": "m", "context": )" + std::to_string(context) + R"(, "batch": 1, "conventions": {"name": ")" +
             convention + R"(", "flops_per_mac": 2, "pairs": "exact"}, "kv_cache_bytes": )" + std::to_string(bytes) +
             "}";
    };
    return R"({"schema_version": 1, "results": [)" + result("causal", 1024) + "," + result("mine", 2048) + "]}";
  };
  const Files files(report(1), report(2));
  const std::string lines = files.diff({"--format", "ndjson"}).out;
  const std::size_t second = lines.find('\n') + 1;
  CHECK(Json::parse(lines.substr(0, second))["conventions"]["name"] == "causal");
  CHECK(Json::parse(lines.substr(second))["conventions"]["name"] == "mine");
  const Json document = Json::parse(files.diff({"--format", "json"}).out);
  CHECK(document["conventions"]["name"] == "causal");
  CHECK(!document["results"][0].contains("conventions"));
}

TEST_CASE("no answer: exit 2 and one line, whatever --exit-zero says") {
  const Files files;
  files.save({"-n", "1K"});
  const std::tuple<std::vector<std::string>, const char*> rows[] = {
      {{"old.json"},
       "ctxcost: diff: expected OLD and NEW, found 1 word (two models, or two reports that `--format json` wrote)\n"},
      {{"-", "-"}, "ctxcost: diff: standard input can be read once, found \"-\" twice\n"},
      {{"report-old.json", "new.json"},
       "ctxcost: new.json: expected a saved report beside a saved report, found a model (`ctxcost scale new.json "
       "--format json -o FILE` saves one)\n"},
      {{"old.json", "new.json", "--fail-if", "parameters > 5%"},
       "ctxcost: --fail-if: \"parameters > 5%\" cannot be judged: parameters of old.json is unknown at 1K\n"},
      {{"old.json", "new.json", "--fail-if", "kv_cache_byte > 5%"},
       "ctxcost: --fail-if: expected a metric, found \"kv_cache_byte\" in \"kv_cache_byte > 5%\"; did you mean "
       "\"kv_cache_bytes\"?\n"},
  };
  for (const auto& [words, message] : rows) {
    std::vector<std::string> arguments = {"diff", "--exit-zero"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Run result = run(arguments, {.directory = files.path()});
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == message);
  }
  CHECK(files.diff({"--format", "junit"}).status == 2);
  CHECK(run({"diff", "old.json", "missing.json"}, {.directory = files.path()}).status == 2);
}

TEST_CASE("catalogue models: the config's own keys") {
  const Run result = run({"diff", "llama-2-7b", "llama-3.1-8b", "-n", "4K", "--columns", "parameters,kv_cache_bytes"});
  CHECK(result.status == 0);
  // 6,738,415,616 and 8,030,261,248 learned parameters; 32 and 8 KV heads of 128, 32 layers, 2 bytes, 4,096 tokens.
  CHECK(result.out.find("| parameters     | 4K      |   6.7B |     8.0B |   +1.3B |  +19.2% |\n") != std::string::npos);
  CHECK(result.out.find("| kv_cache_bytes | 4K      | 2.1 GB | 536.9 MB | -1.6 GB |  -75.0% |\n") != std::string::npos);
  CHECK(result.out.find("/num_key_value_heads: 32 → 8; this change alone affects kv_cache_bytes, parameters\n") !=
        std::string::npos);
  CHECK(result.out.find("/vocab_size: 32000 → 128256; this change alone affects parameters\n") != std::string::npos);
}
