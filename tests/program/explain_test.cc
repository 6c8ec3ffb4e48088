// explain as its users run it.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;

Json explain_json(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "explain");
  arguments.insert(arguments.end(), {"--format", "json"});
  const Run result = run(arguments);
  REQUIRE_MESSAGE(result.status == 0, result.err);
  return Json::parse(result.out);
}

std::ptrdiff_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("explain: formula, numbers, keys and source") {
  const Run result = run({"explain", "llama-3.1-8b", "-n", "8K", "kv_cache_bytes", "-q"});
  CHECK(result.status == 0);
  CHECK(result.err == "");
  CHECK(result.out ==
        "kv_cache_bytes = 1,073,741,824 (1.1 GB)\n"
        "  bytes of live KV cache: the maximum over positions up to n\n"
        "  full, 32 layers: keys + values = 1,073,741,824\n"
        "    formula  tokens kv_heads row_bytes * layers * batch * 2 alike\n"
        "    numbers  8,192 * 8 * 256 * 32 * 1 * 2\n"
        "    where    tokens = n; kv_heads = 8 (num_key_value_heads); row_bytes = d_k element_bytes = 256;\n"
        "             n = 8,192 (context); d_k = 128 (hidden_size / num_attention_heads);\n"
        "             element_bytes = 2 (bf16)\n"
        "    source   Shazeer 2019, section 3\n");
}

TEST_CASE("explain: a screen for each metric of each kind of model") {
  const Json list = Json::parse(run({"list", "metrics", "--format", "json"}).out);
  std::size_t pages = 0;
  for (const char* model : {"llama-3.1-8b", "gemma-3-27b-it", "deepseek-v3", "ai21-jamba-1.5-mini", "mamba2-2.7b",
                            "gpt-oss-120b", "qwen3-next-80b-a3b-instruct", "bert-base-uncased", "t5-small"}) {
    CAPTURE(model);
    for (const Json& row : list["metrics"]) {
      const std::string metric = row["name"];
      CAPTURE(metric);
      const Run page = run({"explain", model, metric, "-n", "4K", "-q"});
      if (page.err.find("is a metric of devices") != std::string::npos) continue;
      CHECK(page.status == 0);
      ++pages;
      CHECK(lines_of(page.out) <= 24);
      for (std::size_t begin = 0, end = 0; (end = page.out.find('\n', begin)) != std::string::npos; begin = end + 1) {
        CHECK_MESSAGE(end - begin <= 130, page.out.substr(begin, end - begin));
      }
    }
  }
  CHECK(pages == 9 * 29);
}

TEST_CASE("explain: the metrics of the scaling table where none is named, with its numbers") {
  for (const char* model : {"article-7b", "llama-3.1-8b", "gemma-3-27b-it", "mamba-1.4b-hf", "ai21-jamba-1.5-mini"}) {
    CAPTURE(model);
    const Json answer = explain_json({model, "-n", "4K", "-b", "3", "--engine", "llama.cpp"});
    const Json scale = Json::parse(
        run({"scale", model, "-n", "4K", "-b", "3", "--engine", "llama.cpp", "--format", "json"}).out)["results"][0];
    // The heads of the table, by number: context, tokens, then these.
    const std::string table = run({"scale", model, "-n", "4K", "-b", "3", "--engine", "llama.cpp", "-q"}).out;
    const std::string head = table.substr(0, table.find('\n'));
    CHECK(static_cast<std::size_t>(std::count(head.begin(), head.end(), '|')) == answer["results"].size() + 3);
    for (const Json& row : answer["results"]) CHECK(row["value"] == scale[std::string(row["metric"])]);
  }
}

TEST_CASE("explain: JSON has every term, CSV a row for each, NDJSON a line a metric") {
  const Json answer = explain_json({"gemma-3-27b-it", "kv_cache_bytes", "scores_per_layer", "-n", "128K"});
  CHECK(answer["context"] == 131072);
  CHECK(answer["context_from"] == "context");
  REQUIRE(answer["results"].size() == 2);
  const Json& cache = answer["results"][0];
  CHECK(cache["value"] == 11173625856);
  CHECK(cache["terms_of"] == "kv_cache_bytes");
  REQUIRE(cache["terms"].size() == 4);
  CHECK(cache["parts"].size() == 2);
  std::uint64_t sum = 0;
  for (const Json& term : cache["terms"]) sum += term["total"].get<std::uint64_t>();
  CHECK(sum == 11173625856);
  CHECK(cache["terms"][0]["formula"] == "tokens kv_heads row_bytes");
  CHECK(cache["terms"][0]["factors"]["batch"] == 1);
  CHECK(cache["terms"][0]["values"][0]["name"] == "tokens");
  CHECK(cache["terms"][0]["values"][0]["formula"] == "min(n, window)");
  CHECK(answer["results"][1]["terms_of"] == "scores");

  const std::string csv = run({"explain", "gemma-3-27b-it", "kv_cache_bytes", "-n", "128K", "--format", "csv"}).out;
  CHECK(lines_of(csv) == 5);
  CHECK(csv.starts_with("model,convention,context,batch,metric,value,terms_of,owner,name,indices,formula,"));
  const std::string ndjson =
      run({"explain", "llama-3.1-8b", "kv_cache_bytes", "parameters", "-n", "4K", "--format", "ndjson"}).out;
  CHECK(lines_of(ndjson) == 2);
  CHECK(Json::parse(ndjson.substr(0, ndjson.find('\n')))["metric"] == "kv_cache_bytes");
}

TEST_CASE("explain: -v shows every term") {
  const Run folded = run({"explain", "llama-3.1-8b", "parameters", "-q"});
  const Run every = run({"explain", "llama-3.1-8b", "parameters", "-q", "-v"});
  CHECK(every.out.find("    formula  rows columns * layers\n") != std::string::npos);
  CHECK(every.out.find("layers 0-31: attn_q = 536,870,912") != std::string::npos);
  CHECK(folded.out.find("layers 0-31: attn_q") == std::string::npos);
}

TEST_CASE("explain: one point, and metrics that it has") {
  const std::pair<std::vector<std::string>, std::string> faults[] = {
      {{"explain"},
       "ctxcost: explain: expected a MODEL, found nothing (a JSON file, a directory with a config.json, - for standard "
       "input, or a catalogue name)\n"},
      {{"explain", "article-7b", "-n", "1K,4K"},
       "ctxcost: --context: expected one value, found 2 (explain takes one point; `ctxcost scale` takes lists)\n"},
      {{"explain", "article-7b", "-b", "1..4"},
       "ctxcost: --batch: expected one value, found 3 (explain takes one point; `ctxcost scale` takes lists)\n"},
      {{"explain", "article-7b", "--kv-precision", "fp16,q8_0"},
       "ctxcost: --kv-precision: expected one value, found 2 (explain takes one point; `ctxcost scale` takes lists)\n"},
      {{"explain", "article-7b", "kv_cache_byte"},
       "ctxcost: explain: unknown metric \"kv_cache_byte\"; did you mean \"kv_cache_bytes\"?\n"},
      {{"explain", "article-7b", "kv"},
       "ctxcost: explain: unknown metric \"kv\" (it may be kv_cache_bytes, kv_bytes_per_token, kv_reserved_bytes)\n"},
      {{"explain", "article-7b", "max_context"},
       "ctxcost: explain: max_context is a metric of devices (`ctxcost solve context` has it)\n"},
      {{"explain", "article-7b", "prefill_seconds"},
       "ctxcost: explain: prefill_seconds is a metric of devices (`ctxcost fit` has it)\n"},
  };
  for (const auto& [arguments, message] : faults) {
    const Run result = run(arguments);
    CHECK(result.status == 2);
    CHECK(result.out == "");
    CHECK(result.err == message);
  }
}

TEST_CASE("explain --claim: readings of a printed figure, exit status 1 where there is none") {
  const Run found = run({"explain", "article-7b", "-n", "1M", "--claim", "512 GB", "-q"});
  CHECK(found.status == 0);
  CHECK(found.out ==
        "\"512 GB\": 1 reading gives it\n\n"
        "1. KV cache: 549,755,813,888 bytes (549.8 GB)\n"
        "   powers of 1024 (GiB) called by the decimal name\n");

  const std::vector<std::string> question = {"explain", "llama-3.1-8b", "-n", "8K", "--claim", "149.90 TFLOPs"};
  const Run none = run(question);
  CHECK(none.status == 1);
  CHECK(none.out.find("\"149.90 TFLOPs\": no reading gives it\n") == 0);
  std::vector<std::string> as_json = question;
  as_json.insert(as_json.end(), {"--format", "json", "--exit-zero"});
  const Run json = run(as_json);
  CHECK(json.status == 0);
  CHECK(Json::parse(json.out)["readings"].empty());

  // Without -n it is the context that the model was trained for, which may not be the figure's.
  const Run elsewhere = run({"explain", "llama-3.1-8b", "--claim", "17.2 GB"});
  CHECK(elsewhere.status == 1);
  CHECK(elsewhere.err ==
        "ctxcost: -n: 8,192 tokens were taken, for none were given; readings give the figure at 128K\n");
  CHECK(none.err.empty());

  // 32 layers, 8 KV heads, 2 * 128 elements of 2 bytes, 8,192 tokens: the default reading has no changes.
  const std::string csv = run({"explain", "llama-3.1-8b", "-n", "8K", "--claim", "1.1 GB", "--format", "csv"}).out;
  CHECK(csv.find("Llama-3.1-8B,1.1 GB,8192,1,KV cache,1073741824,0,\n") != std::string::npos);

  const Run metric = run({"explain", "article-7b", "scores", "--claim", "1 GB"});
  CHECK(metric.status == 2);
  CHECK(metric.err == "ctxcost: --claim: takes no METRIC: the figure says what it counts\n");
  const Run figure = run({"explain", "article-7b", "--claim", "forty GB"});
  CHECK(figure.status == 2);
  CHECK(figure.err ==
        "ctxcost: --claim: expected a figure, found \"forty GB\" (268 TFLOPs, 40 GB, 16.4 billion scores, 8.03B "
        "parameters)\n");
}

TEST_CASE("explain --positions: queries that can see each key, as strips and as a table") {
  const std::string model =
      R"({"layers": 4, "heads": 4, "kv_heads": 4, "d_k": 16, "attention": {"kind": "sink_window", "sinks": 4, "window": 60}})";
  const Run page = run({"explain", "-", "-n", "640", "--positions"}, {.input = model});
  CHECK(page.status == 0);
  CHECK(page.err == "");
  // Sinks by all later queries; others by 60, and by 1 + 4 * 59 through all layers.
  CHECK(page.out ==
        "standard input: queries that can see each key, of 640 tokens\n"
        "\n"
        "sink_window sinks=4 window=60, 4 layers: 0-3\n"
        "  one layer    |@...............................................................|\n"
        "  all 4 layers |@==========================================-------:::::::.......|\n"
        "\n"
        "| Key | sink_window |  All Layers |\n"
        "|----:|------------:|------------:|\n"
        "|   0 |  640 (100%) |  640 (100%) |\n"
        "|   3 | 637 (99.5%) | 637 (99.5%) |\n"
        "|   4 |   60 (9.4%) |   237 (37%) |\n"
        "| 160 |   60 (9.4%) |   237 (37%) |\n"
        "| 320 |   60 (9.4%) |   237 (37%) |\n"
        "| 403 |   60 (9.4%) |   237 (37%) |\n"
        "| 404 |   60 (9.4%) | 236 (36.9%) |\n"
        "| 480 |   60 (9.4%) |   160 (25%) |\n"
        "| 580 |   60 (9.4%) |   60 (9.4%) |\n"
        "| 581 |   59 (9.2%) |   59 (9.2%) |\n"
        "| 639 |    1 (0.2%) |    1 (0.2%) |\n"
        "\n"
        "note: a cell is 1/64 of the context, by its first key; the levels .:-=+*#%@ are ninths of all queries\n"
        "note: zero sum: the weights of a query add to 1, so all keys of a head together get 640, and a key at most 1 "
        "from each query that sees it\n");
  const std::vector<std::string> question = {"explain", "gemma-3-27b-it", "-n", "128K", "--positions", "--format"};
  const auto as = [&question](const std::string& format) {
    std::vector<std::string> words = question;
    words.push_back(format);
    return run(words).out;
  };
  const Json json = Json::parse(as("json"));
  CHECK(json["command"] == "explain");
  CHECK(json["context"] == 131072);
  CHECK(json["stack"] == "decoder");
  CHECK(json["groups"][0]["mechanism"] == "sliding_window");
  CHECK(json["groups"][0]["settings"] == "window=1024");
  CHECK(json["groups"][0]["layer_count"] == 52);
  CHECK(json["positions"].size() == 7);
  CHECK(json["positions"][1]["position"] == 32768);
  CHECK(json["positions"][1]["direct"][0]["queries"] == 1024);
  CHECK(json["positions"][1]["direct"][1]["share"] == 0.75);
  CHECK(json["positions"][1]["through_all_layers"]["queries_by_key"] == 98304);
  const std::string csv = as("csv");
  CHECK(csv.starts_with("model,context,position,layers,mechanism,settings,queries_by_key,queries,share\n"));
  CHECK(csv.find("\ngemma-3-27b-it,131072,131071,all,,,1,1,") != std::string::npos);
  CHECK(as("markdown").find("| 32,768 | 1,024 (0.8%) | 98,304 (75%) | 98,304 (75%) |") != std::string::npos);
  CHECK(Json::parse(as("ndjson").substr(0, as("ndjson").find('\n')))["position"] == 0);
}

TEST_CASE("explain --positions: a screen holds some kinds of layers and some positions, -v all") {
  std::string layers;
  for (const std::string window : {"10", "20", "30", "40", "50", "60"}) {
    layers += (layers.empty() ? "" : ", ") + (R"({"attention": {"kind": "sliding_window", "window": )" + window + "}}");
  }
  const std::string model = R"({"layers": 6, "heads": 4, "d_k": 16, "pattern": [)" + layers + "]}";
  const std::string screen = run({"explain", "-", "-n", "1000", "--positions"}, {.input = model}).out;
  CHECK(screen.find("sliding_window window=40") != std::string::npos);
  CHECK(screen.find("sliding_window window=50") == std::string::npos);
  CHECK(screen.find("note: 2 more kinds of layers (-v shows them)\n") != std::string::npos);
  const std::string all = run({"explain", "-", "-n", "1000", "--positions", "-v"}, {.input = model}).out;
  CHECK(all.find("sliding_window window=60") != std::string::npos);
  CHECK(all.find("more kinds") == std::string::npos);
  std::string columns = "0";
  for (int i = 1; i < 30; ++i) columns += ", " + std::to_string(20 * i);
  const std::string listed =
      R"({"layers": 1, "heads": 4, "d_k": 16, "attention": {"kind": "vertical_slash", "slash": 9, "vertical": [)" +
      columns + "]}}";
  const auto cut = [&listed](const std::vector<std::string>& words) {
    return run(words, {.input = listed}).out.find("more positions at which the counts change") != std::string::npos;
  };
  CHECK(cut({"explain", "-", "-n", "1000", "--positions"}));
  CHECK_FALSE(cut({"explain", "-", "-n", "1000", "--positions", "-v"}));
}

TEST_CASE("explain --positions refuses what masks do not depend on") {
  CHECK(run({"explain", "article-7b", "scores", "--positions"}).err ==
        "ctxcost: --positions: takes no METRIC: it counts queries\n");
  const Run batch = run({"explain", "article-7b", "-b", "4", "--positions"});
  CHECK(batch.status == 2);
  CHECK(batch.err == "ctxcost: --positions: takes no --batch: which keys are seen does not depend on it\n");
  CHECK(run({"explain", "article-7b", "--claim", "1 GB", "--positions"}).status == 2);
  CHECK(run({"explain", "article-7b", "-n", "0", "--positions"}).err ==
        "ctxcost: --context: expected an integer of at least 1, found \"0\"\n");
  const Run ranges = run(
      {"explain", "-", "-n", "10m", "--positions"},
      {.input =
           R"({"layers": 2, "heads": 4, "d_k": 16, "attention": {"kind": "dilated", "window": 1000000, "dilation": 2}})"});
  CHECK(ranges.status == 2);
  CHECK(ranges.out == "");
  CHECK(ranges.err ==
        "ctxcost: --context: expected fewer tokens: what a key reaches falls into more than 131,072 ranges of this "
        "mask\n");
}
