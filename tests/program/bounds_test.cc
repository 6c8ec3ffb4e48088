// What a file of a megabyte makes a command do at most: 64 MiB of memory, or an error that says how much may be asked
// for.
#include <doctest/doctest.h>

#include <iterator>

#include "program.h"

namespace {

// A sanitizer's own memory is larger.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kMemoryIsOwn = false;
#elif defined(__has_feature)
constexpr bool kMemoryIsOwn = !__has_feature(address_sanitizer);
#else
constexpr bool kMemoryIsOwn = true;
#endif

constexpr long kMostKib = 64 * 1024;

/// A model of the own format, each of whose layers has another window.
std::string unlike_layers(int layers) {
  std::string pattern;
  for (int layer = 0; layer < layers; ++layer) {
    pattern += std::string(layer == 0 ? "" : ",") + R"({"attention":{"kind":"sliding_window","window":)" +
               std::to_string(100 + layer) + "}}";
  }
  return R"({"heads":32,"kv_heads":8,"d_k":128,"d_model":4096,"d_ff":14336,"vocab":32000,"layers":)" +
         std::to_string(layers) + R"(,"pattern":[)" + pattern + "]}";
}

/// A thousand lengths of equal shares.
std::string thousand_lengths() {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += std::string(i == 0 ? "[" : ",") + R"({"tokens":)" + std::to_string(1000 + 37 * i) + R"(,"share":"1/1000"})";
  }
  return text + "]";
}

}  // namespace

TEST_CASE("a thousand kinds of layers take at most 64 MiB, whatever is asked of them") {
  const TemporaryDirectory here;
  write_file(here.path("m.json"), unlike_layers(1'024));
  const std::string gpu = "h100-sxm-80gb:8";
  const std::vector<std::string> commands[] = {
      {"scale", "m.json", "-n", "1K..1M"},
      {"explain", "m.json"},
      {"explain", "m.json", "attention_flops"},
      {"explain", "m.json", "parameters", "--format", "json"},
      {"evaluate", "needle", "m.json"},
      {"report", "m.json", "--gpu", gpu, "-o", "page.html"},
      {"train", "m.json", "--stage", "8K:1000000", "--gpu", gpu},
      {"diff", "m.json", "llama-3.1-8b"},
      {"fit", "m.json", "--gpu", gpu, "-n", "128K"},
      {"fit", "m.json", "--gpu", gpu, "-n", "128K", "--engine", "vllm"},
      {"solve", "context", "m.json", "--gpu", gpu, "--engine", "llama.cpp"},
      {"solve", "users", "m.json", "--gpu", gpu, "--lengths", "4K:32K"},
      {"init", "m.json", "--gpu", gpu, "-n", "8K"},
  };
  RunOptions options;
  options.directory = here.path();
  for (std::size_t i = 0; i < std::size(commands); i += CTXCOST_TEST_SAMPLE) {
    const std::vector<std::string>& command = commands[i];
    CAPTURE(command.front());
    const Run result = run(command, options);
    CHECK_MESSAGE(result.status < 2, result.err);
    if (kMemoryIsOwn) CHECK(result.peak_kib < kMostKib);
  }
}

TEST_CASE("of more kinds than an answer tells apart the error says how many it takes") {
  const TemporaryDirectory here;
  write_file(here.path("m.json"), unlike_layers(1'025));
  struct Row {
    std::vector<std::string> command;
    const char* purpose;
  };
  const Row rows[] = {
      {{"explain", "m.json"}, "to explain"},
      {{"evaluate", "needle", "m.json"}, "to evaluate"},
      {{"report", "m.json", "-o", "page.html"}, "to report"},
      {{"train", "m.json", "--stage", "8K:1000000"}, "to train"},
      {{"diff", "m.json", "llama-3.1-8b"}, "to compare"},
      {{"fit", "m.json", "--gpu", "h100-sxm-80gb", "-n", "8K"}, "to place on devices"},
  };
  RunOptions options;
  options.directory = here.path();
  for (const Row& row : rows) {
    CAPTURE(row.purpose);
    const Run result = run(row.command, options);
    CHECK(result.status == 2);
    CHECK(result.err == std::string("ctxcost: m: expected at most 1,024 kinds of layers ") + row.purpose +
                            ", found 1,025 (`ctxcost scale` counts more)\n");
  }
  CHECK(run({"scale", "m.json"}, options).status == 0);

  write_file(here.path("m.json"), unlike_layers(8'192));
  const Run counted = run({"scale", "m.json"}, options);
  CHECK(counted.status == 0);
  if (kMemoryIsOwn) CHECK(counted.peak_kib < kMostKib);
  write_file(here.path("m.json"), unlike_layers(8'193));
  CHECK(run({"scale", "m.json"}, options).err ==
        "ctxcost: m: expected at most 8,192 kinds of layers to count, found 8,193\n");

  write_file(here.path("m.json"), unlike_layers(257));
  const Run compared = run({"compare", "m.json", "llama-3.1-8b"}, options);
  CHECK(compared.status == 2);
  CHECK(compared.err.find("m: expected at most 256 kinds of layers to compare, found 257") != std::string::npos);
}

TEST_CASE("a pattern has at most 16,384 entries") {
  const TemporaryDirectory here;
  std::string entries = "{}";
  for (int i = 1; i < 16'385; ++i) entries += ",{}";
  write_file(here.path("m.json"), R"({"heads":32,"d_k":128,"layers":20000,"pattern":[)" + entries + "]}");
  RunOptions options;
  options.directory = here.path();
  CHECK(
      run({"scale", "m.json"}, options).err ==
      "ctxcost: m.json: /pattern: expected at most 16,384 entries, found 16,385 (\"repeat\" says how many layers in a "
      "row are alike)\n");
}

TEST_CASE("the more kinds of layers a model has, the fewer sets of cards are tried") {
  const TemporaryDirectory here;
  write_file(here.path("m.json"), unlike_layers(1'024));
  RunOptions options;
  options.directory = here.path();
  // 4,096 sets for up to 32 kinds, a 32nd of them for 1,024; 12 * 11 are 132, and 12 * 10 are 120.
  const std::vector<std::string> asked = {"solve", "gpus", "m.json", "-n", "8K", "--engine", "llama.cpp", "--gpu"};
  const auto with = [&](const char* stock) {
    std::vector<std::string> command = asked;
    command.emplace_back(stock);
    return run(command, options);
  };
  CHECK(
      with("3090:11+4090:10").err ==
      "ctxcost: --gpu: expected a stock of at most 128 sets of cards for a model of 1,024 kinds of layers, found more "
      "(name fewer cards)\n");
  if (CTXCOST_TEST_SAMPLE == 1) CHECK(with("3090:11+4090:9").status < 2);
}

TEST_CASE("many lengths of requests beside many kinds of layers are too many") {
  const TemporaryDirectory here;
  write_file(here.path("five.json"), unlike_layers(5));
  write_file(here.path("lengths.json"), thousand_lengths());
  RunOptions options;
  options.directory = here.path();
  const Run refused =
      run({"solve", "users", "five.json", "--gpu", "h100-sxm-80gb:8", "--lengths", "lengths.json"}, options);
  CHECK(refused.status == 2);  // 5 * 894 * 894 is below 4,000,000, and 5 * 895 * 895 is not
  CHECK(
      refused.err ==
      "ctxcost: --lengths: expected at most 894 lengths for the 5 kinds of layers of five, found 1,000 (round them, so "
      "that fewer differ)\n");
}

TEST_CASE("a point of a budget counts once for every length of its requests and every eight kinds of layers") {
  const TemporaryDirectory here;
  write_file(here.path("m.json"), unlike_layers(20));
  write_file(here.path("lengths.json"), thousand_lengths());
  const auto file = [](const std::string& defaults, int budgets) {
    std::string text;
    for (int i = 0; i < budgets; ++i) {
      text += (i == 0 ? R"({"name": ")" : R"(, {"name": ")") + std::to_string(i) +
              R"(", "limits": {"kv_cache_bytes": {"max": "1TB"}}})";
    }
    return R"({"defaults": {)" + defaults + R"(}, "budgets": [)" + text + "]}";
  };
  RunOptions options;
  options.directory = here.path();
  // Three times eight kinds, begun: 34 budgets of 1,000 points count as 102,000.
  write_file(here.path("b.json"), file(R"("model": "m.json", "contexts": "1..1000:+1")", 34));
  const Run kinds = run({"check", "b.json"}, options);
  CHECK(kinds.status == 2);
  CHECK(kinds.err ==
        "ctxcost: b.json: /budgets/33: expected at most 100,000 pairs of context and batch in the budgets of a file, "
        "found more from here on (split the file: each of these pairs counts as 3, once for every length of its "
        "requests and every eight kinds of layers)\n");
  write_file(here.path("b.json"), file(R"("model": "llama-3.1-8b", "users": 2, "lengths": "lengths.json")", 101));
  const Run lengths = run({"check", "b.json"}, options);
  CHECK(lengths.status == 2);
  CHECK(lengths.err.find("b.json: /budgets/100: expected at most 100,000 pairs") != std::string::npos);
  CHECK(lengths.err.find("each of these pairs counts as 1,000") != std::string::npos);
}
