// compare as its users run it.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.h"

namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

const Arguments kQuestion = {"compare", "llama-3.1-8b", "-n", "8K,128K", "--with", "sliding_window:window=4096"};

}  // namespace

TEST_CASE("compare: a strategy beside the model as it is, in every format") {
  const Run table = run(kQuestion);
  CHECK(table.status == 0);
  CHECK(table.err == "");
  for (const char* text : {"article convention: 1 FLOP per multiply-add", "as it is: O(n²)",
                           "sliding_window:window=4096: O(n·w)", " 4.5 PetaFLOPs |", " 140.7 TeraFLOPs |   0.031x |"}) {
    CHECK_MESSAGE(holds(table.out, text), text);
  }
  CHECK(holds(run(with(kQuestion, {"--format", "markdown"})).out,
              "| 128K | sliding_window:window=4096 | 140.7 TeraFLOPs | 0.031x |"));

  // 262,144 n min(n, 4,096) multiply-adds, 131,072 min(n, 4,096) bytes.
  const Json results = Json::parse(run(with(kQuestion, {"--format", "json"})).out)["results"];
  REQUIRE(results.size() == 4);
  const Json &first = results[2], &window = results[3];
  CHECK(first["strategy"].is_null());
  CHECK(first["attention_flops_ratio"] == 1.0);
  CHECK(first["growth_order"] == "O(n²)");
  CHECK(first["memory_bytes"] == 17'179'869'184);
  CHECK(first["crossovers"]["attention_passes_feed_forward"]["context"] == 21'505);
  CHECK(window["strategy"] == "sliding_window:window=4096");
  CHECK(window["attention_flops_ratio"] == 0.03125);
  CHECK(window["memory_bytes"] == 536'870'912);
  CHECK(window["memory_ratio"] == 0.03125);
  CHECK(window["growth_per_doubling"] == 2.0);
  CHECK(window["growth_order"] == "O(n·w)");
  CHECK(window["reach"]["layer"] == 4'096);
  CHECK(window["reach"]["all_layers"] == 131'041);
  CHECK(window["crossovers"]["fewer_bytes"] == Json::parse(R"({"kind": "from", "context": 4097})"));
  CHECK(window["crossovers"]["attention_passes_linear"]["kind"] == "never");
  CHECK(window["crossovers"]["attention_passes_linear"]["context"].is_null());
  CHECK(window["prefill_seconds"].is_null());
  CHECK(holds(window["gives_up"][0]["source"], "arXiv 2004.05150"));

  const std::string lines = run(with(kQuestion, {"--format", "ndjson"})).out;
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 4);
  const Run csv = run(with(kQuestion, {"--format", "csv"}));
  CHECK(csv.out.starts_with("model,strategy,convention,context,batch,"));
  CHECK(holds(csv.out, "\nLlama-3.1-8B,,article,131072,1,"));
  CHECK(holds(csv.out, "\nLlama-3.1-8B,sliding_window:window=4096,article,131072,1,536870912,"));
  CHECK(std::count(csv.out.begin(), csv.out.end(), '\n') == 5);
}

TEST_CASE("compare: less, more, and times on a device") {
  const Run quiet = run(with(kQuestion, {"-q"}));
  CHECK(quiet.out.starts_with("| Context | Strategy "));
  CHECK_FALSE(holds(quiet.out, "as it is: "));
  CHECK_FALSE(holds(quiet.out, "Linear FLOPs"));
  CHECK_FALSE(holds(quiet.out, "Prefill"));
  const Run verbose = run(with(kQuestion, {"-v"}));
  for (const char* heading : {"| Scores |", "Linear FLOPs", "Forward FLOPs", "Step bytes"}) {
    CHECK_MESSAGE(holds(verbose.out, heading), heading);
  }
  const Arguments device = with(kQuestion, {"--gpu", "h100-sxm-80gb"});
  const Run timed = run(device);
  CHECK(holds(timed.out, " Prefill |"));
  CHECK(holds(timed.out, " Step |"));
  const Json results = Json::parse(run(with(device, {"--format", "json"})).out)["results"];
  CHECK(results[3]["prefill_seconds"].get<double>() < results[2]["prefill_seconds"].get<double>());
  // 8K, 128K and 1M where no context is given.
  const Json all = Json::parse(run({"compare", "article-7b", "--format", "json"}).out)["results"];
  REQUIRE(all.size() == 3);
  CHECK(all[2]["context"] == 1'048'576);
}

TEST_CASE("compare: each strategy that the literature names, on a real model") {
  const char* const strategies[] = {"rope:type=linear,factor=4",
                                    "rope:type=ntk,factor=4",
                                    "rope:type=yarn,factor=4",
                                    "alibi",
                                    "sliding_window:window=4096",
                                    "longformer:window=512,global_tokens=16",
                                    "bigbird",
                                    "lsh:hashes=4,chunk=64",
                                    "routing:clusters=64",
                                    "titans:variant=mac,segment=512",
                                    "titans:variant=mag,window=4096",
                                    "infini:segment=2048",
                                    "memorizing:memory=8192,segment=512",
                                    "flash=on",
                                    "flash=off",
                                    "kv_precision=q8_0",
                                    "rope:type=yarn,factor=4+sliding_window:window=4096,full_every=6+flash=on"};
  for (const char* strategy : strategies) {
    const Run one = run({"compare", "llama-3.1-8b", "-n", "8K", "--with", strategy});
    CHECK_MESSAGE(one.status == 0, strategy, ": ", one.err);
    CHECK_MESSAGE(holds(one.out, strategy), strategy);
  }
}

TEST_CASE("compare: what it cannot answer is one line") {
  struct Case {
    Arguments arguments;
    const char* error;
  };
  const Case cases[] = {
      {{"compare", "llama-3.1-8b", "--with", "sliding_window"},
       "ctxcost: --with: sliding_window: window: missing; \"sliding_window\" needs a positive integer\n"},
      {{"compare", "llama-3.1-8b", "--with", "slidng_window:window=4"},
       "ctxcost: --with: unknown strategy \"slidng_window\"; did you mean \"sliding_window\"?\n"},
      {{"compare", "mamba2-2.7b", "--with", "sliding_window:window=4"},
       "ctxcost: --with: sliding_window: expected a model with softmax attention to replace, found layers of mamba2\n"},
      {{"compare", "deepseek-v3", "--with", "sliding_window:window=4096"},
       "ctxcost: --with: sliding_window: the model's attention is \"latent\", which caches one latent for all heads; "},
      {{"compare", "llama-3.1-8b", "-b", "1,2"}, "ctxcost: --batch: expected one value, found several ("},
      {{"compare", "llama-3.1-8b", "--mfu", "0.5"}, "ctxcost: --mfu: expected --gpu NAME beside it, found nothing\n"},
      {{"compare", "llama-3.1-8b", "-n", "0"}, "ctxcost: --context: "},
      {{"compare"}, "ctxcost: compare: expected a MODEL, found nothing ("},
  };
  for (const Case& one : cases) {
    CAPTURE(one.error);
    const Run refused = run(one.arguments);
    CHECK(refused.status == 2);
    CHECK(refused.out == "");
    CHECK(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
    CHECK_MESSAGE(refused.err.starts_with(one.error), refused.err);
  }
}
