// Requests as they come: users apportioned to lengths, what each engine reserves for them, what they share, and times.
// Every expected figure is the sum in its comment.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/requests.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/input/request_lengths.h"
#include "engine_logs.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

/// "3 of 3000, 61 of 1000": the requests of that many users.
std::string shown(const RequestMix& mix, Count users) {
  std::string text;
  for (const SequenceGroup& group : mix.of(users, mix.longest()).groups) {
    text += (text.empty() ? "" : ", ") + to_string(group.sequences) + " of " + to_string(group.tokens);
  }
  return text;
}

std::string fault_of(std::string_view text) {
  try {
    parse_request_lengths(text, "lengths.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

Setup setup_of(const Model& model, std::string_view engine, std::string_view lengths, Count prefix) {
  Setup setup{model, {}, parse_engine(engine), {}};
  if (!lengths.empty()) setup.settings.requests = load_request_lengths(lengths, "lengths");
  setup.settings.requests.shared_prefix = prefix;
  setup.settings.kv_memory = 1;
  return setup;
}

/// Two layers, each with 2 KV heads of 64 elements of 2 bytes: 1,024 bytes a token.
Model two_full() {
  return model_of("own", 2, [](std::uint32_t) { return std::vector{full(2, 64)}; });
}

Count reserved(const Model& model, std::string_view engine, std::string_view lengths, Count prefix, Count users) {
  const Deployment deployment(setup_of(model, engine, lengths, prefix));
  const RequestMix& requests = deployment.setup().settings.requests;
  return *deployment.at(requests.longest(), users).count(Metric::device_kv_bytes);
}

}  // namespace

TEST_CASE("users are apportioned to shares by the largest remainder, of equal ones to the longest") {
  struct Row {
    const char* lengths;
    std::uint64_t users;
    const char* requests;
  };
  constexpr const char* kThree = R"([{"tokens": "4k", "share": 0.8}, {"tokens": 16000, "share": 0.15},
                                     {"tokens": 64000, "share": 0.05}])";
  constexpr const char* kHalves = R"([{"tokens": 100, "share": 0.5}, {"tokens": 200, "share": 0.5}])";
  constexpr const char* kThirds = R"([{"tokens": 1, "share": "1/3"}, {"tokens": 2, "share": "1/3"},
                                      {"tokens": 3, "share": "1/3"}])";
  const Row rows[] = {
      {kThree, 100, "5 of 64000, 15 of 16000, 80 of 4000"},
      {kThree, 64, "3 of 64000, 10 of 16000, 51 of 4000"},  // quotas 3.2, 9.6, 51.2: one is left, to 9.6
      {kThree, 10, "1 of 64000, 1 of 16000, 8 of 4000"},    // 0.5, 1.5, 8: equal remainders, to the longest
      {kThree, 1, "1 of 4000"},                             // 0.05, 0.15, 0.8
      {kThree, 2, "2 of 4000"},                             // 0.1, 0.3, 1.6
      {kHalves, 3, "2 of 200, 1 of 100"},
      {kThirds, 3, "1 of 3, 1 of 2, 1 of 1"},
      {kThirds, 4, "2 of 3, 1 of 2, 1 of 1"},
      {R"([{"tokens": 7, "share": 1}])", 9, "9 of 7"},
      {R"([{"tokens": 7, "share": 0.5}, {"tokens": 7, "share": 0.5}])", 9, "9 of 7"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.lengths);
    CAPTURE(row.users);
    CHECK(shown(parse_request_lengths(row.lengths, "test"), row.users) == row.requests);
  }
}

TEST_CASE("MEAN:MAX is every user at the mean and one more request at the maximum") {
  CHECK(shown(load_request_lengths("4K:32K", "lengths"), 64) == "1 of 32768, 64 of 4096");
  CHECK(shown(load_request_lengths("1000:3000", "lengths"), 1) == "1 of 3000, 1 of 1000");
  CHECK(shown(load_request_lengths("5:5", "lengths"), 2) == "3 of 5");
}

TEST_CASE("the more kinds of layers there are, the fewer lengths requests may have") {
  // N * N * kinds is at most 4,000,000.
  CHECK(most_lengths(1) == 2'000);
  CHECK(most_lengths(4) == 1'000);
  CHECK(most_lengths(5) == 894);  // 5 * 894 * 894 = 3,996,180; 5 * 895 * 895 = 4,005,125
  CHECK(most_lengths(1'024) == 62);
}

TEST_CASE("lengths: what is wrong with them") {
  struct Row {
    const char* text;
    const char* fault;
  };
  const Row rows[] = {
      {R"([{"tokens": 1, "share": 0.8}, {"tokens": 2, "share": 0.1}])",
       "lengths.json: expected shares that add up to 1, found 9/10 (90%)"},
      {R"([{"tokens": 1, "share": 0.8}, {"tokens": 2, "share": "1/3"}])",
       "lengths.json: expected shares that add up to 1, found 17/15 (113.3%)"},
      {R"([])",
       "lengths.json: expected a list of 1 to 1,000 lengths, found 0 (write [{"
       R"("tokens": "4K", "share": 0.8}, …]))"},
      {R"([{"tokens": 0, "share": 1}])", "lengths.json: /0/tokens: expected a positive integer, found 0"},
      {R"([{"tokens": "4KB", "share": 1}])", "lengths.json: /0/tokens: "},
      {R"([{"tokens": 4}])", "lengths.json: /0/share: expected a number above 0 and at most 1, found nothing"},
      {R"([{"tokens": 4, "share": 1, "users": 3}])", "lengths.json: /0/users: unknown key of a length"},
      {R"([{"tokens": 4, "share": 0}])",
       "lengths.json: /0/share: expected a number above 0 and at most 1, or \"1/3\", found 0"},
      {R"([{"tokens": 4, "share": 0.30000000000000004}])",
       "lengths.json: /0/share: expected at most six decimals, or \"1/3\", found 0.30000000000000004"},
      {R"([{"tokens": 4, "share": 1.5}])", "lengths.json: /0/share: expected a number above 0 and at most 1"},
      {R"([4])", "lengths.json: /0: expected an object with \"tokens\" and \"share\", found 4"},
      {R"([{"tokens": 1, "share": "1/999983"}, {"tokens": 2, "share": "1/999979"}, {"tokens": 2, "share": "1/999961"}])",
       "lengths.json: expected shares with a common denominator of at most 10^12, found a larger one (round them)"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const std::string fault = fault_of(row.text);
    CHECK_MESSAGE(fault.starts_with(row.fault), fault);
  }
  CHECK_THROWS_WITH_AS(load_request_lengths("32K:4K", "--lengths"),
                       "--lengths: expected MEAN:MAX, a mean of at least 1 and a maximum of at least the mean, found "
                       "\"32K:4K\" (write 4K:32K)",
                       InputError);
}

TEST_CASE("what each engine reserves for three users of 1,000 tokens and a request of 3,000 with a prefix of 500") {
  struct Row {
    const char* engine;
    std::uint64_t tokens;  // that the device holds
    std::uint64_t without_prefix;
  };
  const Row rows[] = {
      {"ideal", 4'500, 6'000},                           // 3 * 1000 + 3000, less 3 * 500
      {"vllm", (377 - 3 * 31) * 16, 377 * 16},           // blocks: 3 * 63 + 188; 31 of the prefix are full
      {"vllm:block=32", (190 - 3 * 15) * 32, 190 * 32},  // 3 * 32 + 94; 15
      {"vllm:prefix_cache=0", 377 * 16, 377 * 16},
      {"sglang", 4'500 + 1, 6'000 + 1},                          // a page of padding
      {"sglang:page=64", 95 * 64 - 3 * 448 + 64, 95 * 64 + 64},  // pages: 3 * 16 + 47; 7 of the prefix
      {"tensorrt-llm", 190 * 32 - 3 * 480, 190 * 32},            // blocks of 32, as vllm:block=32
      {"llama.cpp", 4 * 3'072, 4 * 3'072},                       // 3,000 in steps of 256, for each of 4 streams
      {"llama.cpp:unified=1", 6'144, 6'144},                     // 6,000 in steps of 256
      {"ollama", 4 * 3'072, 4 * 3'072},
      {"lm-studio", 6'144, 6'144},
      {"transformers", 4 * 3'000, 4 * 3'000},  // padded to the longest
      {"mlx", 4 * 3'072, 4 * 3'072},           // the same, in steps of 256
  };
  for (const Row& row : rows) {
    CAPTURE(row.engine);
    CHECK(reserved(two_full(), row.engine, "1000:3000", 500, 3) == Count{row.tokens} * 1024);
    CHECK(reserved(two_full(), row.engine, "1000:3000", 0, 3) == Count{row.without_prefix} * 1024);
  }
}

TEST_CASE("of a prefix of 500 tokens an engine keeps whole blocks once") {
  struct Row {
    const char* engine;
    std::uint64_t shared;  // tokens that all four requests have in common
  };
  const Row rows[] = {
      {"ideal", 500},          {"vllm", 31 * 16},         {"vllm:block=32", 15 * 32},
      {"sglang:page=64", 448}, {"tensorrt-llm", 15 * 32}, {"vllm:prefix_cache=0", 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.engine);
    const Deployment deployment(setup_of(two_full(), row.engine, "1000:3000", 500));
    CHECK(deployment.at(3'000, 3).count(Metric::kv_cache_bytes) == Count{6'000 - 3 * row.shared} * 1024);
  }
}

TEST_CASE("every engine says how it keeps a shared prefix") {
  for (const Engine* engine : engines()) {
    CAPTURE(engine->name);
    CHECK_FALSE(engine->prefix_rule.empty());
  }
}

TEST_CASE("windows and states are each request's own") {
  // A token of a layer takes 512 bytes.
  const Model windowed =
      model_of("own", 2, [](std::uint32_t i) { return std::vector{i == 0 ? full(2, 64) : window(2, 64, 128)}; });
  CHECK(reserved(windowed, "ideal", "1000:3000", 500, 3) == Count{4'500 + 4 * 128} * 512);
  // vLLM's window blocks: ceil(min(127 + 2 * 2,048, n) / 16) + 1, that is 3 * 64 + 189; of the full layer as above.
  CHECK(reserved(windowed, "vllm", "1000:3000", 500, 3) == Count{(377 - 3 * 31) + (3 * 64 + 189)} * 16 * 512);
  // 200 recurrent elements of 4 bytes, and 30 of the convolution of 2.
  const Model recurrent =
      model_of("own", 2, [](std::uint32_t i) { return std::vector{i == 0 ? full(2, 64) : state("mamba2", 200, 30)}; });
  CHECK(reserved(recurrent, "ideal", "1000:3000", 500, 3) == Count{4'500} * 512 + 4 * (200 * 4 + 30 * 2));
  // TensorRT-LLM reuses no blocks beside states: 190 blocks of 32 tokens; states in the model's 2 bytes.
  CHECK(reserved(recurrent, "tensorrt-llm", "1000:3000", 500, 3) == Count{190 * 32} * 512 + 4 * (230 * 2));
}

TEST_CASE("ranks that share tokens divide each request and the prefix") {
  // Of 1,001 tokens a rank has 501, of 3,000 it has 1,500, and of the 500 shared ones 250: 3 * 501 + 1,500 - 3 * 250.
  Setup setup = setup_of(two_full(), "ideal", "1001:3000", 501);
  setup.settings.parallelism.context = 2;
  CHECK(Deployment(setup).at(3000, 3).count(Metric::device_kv_bytes) == Count{2'253} * 1024);
  // Blocks of 16 on a rank: 3 * 32 + 94; of the prefix 15 are full on both ranks.
  setup.engine = parse_engine("vllm");
  CHECK(Deployment(setup).at(3000, 3).count(Metric::device_kv_bytes) == Count{190 - 3 * 15} * 16 * 1024);
}

TEST_CASE("requests that are alike count as a batch does") {
  for (const char* engine : {"ideal", "vllm", "sglang", "tensorrt-llm", "llama.cpp", "transformers", "mlx"}) {
    CAPTURE(engine);
    Setup alike{load_model("gemma-3-4b"), {}, parse_engine(engine), {}};
    alike.settings.gpu = parse_gpu("h100-sxm-80gb").gpu;
    Setup mixed = alike;
    mixed.settings.requests = parse_request_lengths(R"([{"tokens": 5000, "share": 1}])", "test");
    const DeploymentEstimate a = Deployment(alike).at(5000, 7);
    const DeploymentEstimate b = Deployment(mixed).at(5000, 7);
    for (const MetricInfo& metric : metrics()) {
      CAPTURE(metric.name);
      if (metric.metric != Metric::scores_per_head) CHECK(a[metric.metric] == b[metric.metric]);
    }
    for (const MetricInfo& metric : device_metrics()) {
      CAPTURE(metric.name);
      if (metric.metric != Metric::kv_equals_weights_context) CHECK(a[metric.metric] == b[metric.metric]);
    }
  }
}

TEST_CASE("sums over requests: each at its own length, the prefix once but in the decode step") {
  // One layer, 1 head of d = 64, full attention, 2 FLOPs a multiply-add over unmasked pairs: n tokens have n (n + 1) /
  // 2 pairs of 2 * 64 multiply-adds.
  const Model model = parse_model(
      R"({"layers": 1, "heads": 1, "kv_heads": 1, "d_k": 64, "d_model": 64, "d_ff": 128, "vocab": 100,
          "precision": "bf16"})",
      "model.json");
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.gpu = parse_gpu("h100-sxm-80gb").gpu;
  setup.settings.requests = load_request_lengths("10:20", "lengths");
  setup.settings.requests.shared_prefix = 4;
  setup.workload.convention = parse_convention("causal");
  const Deployment deployment(std::move(setup));
  const DeploymentEstimate sums = deployment.at(20, 2);
  // 2 requests of 10 tokens and one of 20; two of them do not compute the first 4 tokens.
  CHECK(sums.count(Metric::batch) == Count{3});
  CHECK(sums.count(Metric::context) == Count{20});
  CHECK(sums.count(Metric::scores) == Count{2 * 55 + 210 - 2 * 10});
  CHECK(sums.count(Metric::attention_flops) == Count{(2 * 55 + 210 - 2 * 10) * 2 * 64 * 2});
  // A layer has 4 * 64 * 64 + 3 * 64 * 128 = 40,960 multiply-adds a token.
  CHECK(sums.count(Metric::linear_flops) == Count{(40 - 2 * 4) * 40'960 * 2});
  CHECK(sums.count(Metric::logits_flops) == Count{3 * 64 * 100 * 2});
  // 256 bytes a token.
  CHECK(sums.count(Metric::kv_cache_bytes) == Count{(40 - 2 * 4) * 256});
  CHECK(sums.count(Metric::kv_reserved_bytes) == Count{(40 - 2 * 4) * 256});
  // The last token of each sees all of its own sequence.
  CHECK(sums.count(Metric::decode_flops) == Count{40 * 2 * 64 * 2 + 3 * (40'960 + 64 * 100) * 2});
  // Weights (layer, two norms, final norm, head and embedding, of which three rows) and the cache of 40 tokens.
  CHECK(sums.count(Metric::decode_bytes) == Count{(40'960 + 2 * 64 + 64 + 6'400 + 3 * 64) * 2 + 40 * 256});
  // The details of documents are the same sums.
  const EstimateDetails details = deployment.details(20, 2);
  REQUIRE(details.groups.size() == 1);
  CHECK(details.groups[0].scores_per_layer == sums.count(Metric::scores));
  CHECK(details.groups[0].linear_flops_per_layer == sums.count(Metric::linear_flops));
  CHECK(details.groups[0].kv_cache_bytes_per_layer == *sums.count(Metric::kv_cache_bytes));
  Count parts;
  for (const NamedBytes& part : details.cache_parts) parts += part.bytes;
  CHECK(parts == *sums.count(Metric::kv_cache_bytes));
}

TEST_CASE("64 users of 4K and one of 32K with a prefix of 2K on 8 H100 under vLLM") {
  // A device has one of the 8 KV heads in each of 80 layers: 80 * 2 * 128 * 2 = 40,960 bytes a token. 64 * 4,096 +
  // 32,768 = 294,912 tokens, all in full blocks of 16; 64 of 65 requests do not keep 2,048 of them again: 163,840.
  Setup setup{load_model("llama-3.3-70b-instruct"), {}, parse_engine("vllm"), {}};
  setup.workload.convention = causal_convention();
  setup.settings.gpu = parse_gpu("h100-sxm-80gb").gpu;
  setup.settings.parallelism.tensor = 8;
  setup.settings.requests = load_request_lengths("4K:32K", "lengths");
  setup.settings.requests.shared_prefix = 2048;
  const DeploymentEstimate shared = Deployment(setup).at(32768, 64);
  CHECK(shared.count(Metric::device_kv_bytes) == Count{163'840} * 40'960);
  CHECK(shared.count(Metric::kv_reserved_bytes) == Count{163'840} * 40'960 * 8);
  // A prefill has the linear work of those tokens, 2 * 8,192^2 + 2 * 8,192 * 1,024 + 3 * 8,192 * 28,672 = 855,638,016
  // multiply-adds a layer; 64 * 8,390,656 + 536,887,296 - 64 * 2,098,176 = 939,606,016 pairs of 64 heads and 2 * 128
  // multiply-adds in each of 80 layers; and the logits of 65 tokens.
  CHECK(shared.count(Metric::forward_flops) ==
        (Count{163'840} * 855'638'016 * 80 + Count{939'606'016} * 64 * 256 * 80 + Count{65} * 8192 * 128'256) * 2);
  // Of 2,050 tokens the last block is not full, and each request keeps it.
  setup.settings.requests.shared_prefix = 2050;
  CHECK(Deployment(setup).at(32768, 64).count(Metric::device_kv_bytes) == Count{163'840} * 40'960);
  setup.settings.requests.shared_prefix = 0;
  const DeploymentEstimate alone = Deployment(setup).at(32768, 64);
  CHECK(alone.count(Metric::device_kv_bytes) == Count{294'912} * 40'960);
  // A decode step reads the prefix for each request.
  CHECK(shared.count(Metric::decode_bytes) == alone.count(Metric::decode_bytes));
}

TEST_CASE("the most users that fit, by a scan") {
  struct Row {
    const char* engine;
    const char* lengths;
    std::uint64_t prefix;
    std::uint64_t tokens;  // of memory
  };
  // With three lengths a further user may need less memory than the one before: 5 of these are one of 1,000 tokens, 2
  // of 20 and 2 of 10, but 6 are 3 of 20 and 3 of 10.
  constexpr const char* kThree =
      R"([{"tokens": 1000, "share": 0.1}, {"tokens": 20, "share": 0.45}, {"tokens": 10, "share": 0.45}])";
  const Row rows[] = {
      {"ideal", "1000:3000", 500, 20'000},
      {"vllm", "1000:3000", 500, 20'000},
      {"sglang", "1000:3000", 500, 20'000},
      {"tensorrt-llm", "1000:3000", 1000, 9'000},
      {"llama.cpp", "1000:3000", 0, 20'000},
      {"llama.cpp:unified=1", "1000:3000", 0, 20'000},
      {"ideal", kThree, 0, 1'900},
      {"ideal", kThree, 7, 2'011},
      {"vllm", kThree, 0, 2'000},
      {"sglang", kThree, 10, 1'999},
  };
  for (const Row& row : rows) {
    CAPTURE(row.engine);
    CAPTURE(row.lengths);
    Setup setup = setup_of(two_full(), row.engine, "", 0);
    setup.settings.requests =
        *row.lengths == '[' ? parse_request_lengths(row.lengths, "test") : load_request_lengths(row.lengths, "test");
    setup.settings.requests.shared_prefix = row.prefix;
    setup.settings.kv_memory = Count{row.tokens} * 1024;
    const Deployment deployment(std::move(setup));
    const Count longest = deployment.setup().settings.requests.longest();
    std::uint64_t most = 0;
    for (std::uint64_t users = 1; users <= 220; ++users) {
      if (deployment.fits(longest, users)) most = users;
    }
    REQUIRE(most > 0);
    REQUIRE(most < 200);
    CHECK(max_batch(deployment, longest).value == Count{most});
  }
}

TEST_CASE("a shared prefix alone: the context is searched from its end on") {
  // 4 requests of n tokens, of which 100 are kept once: 100 + 4 (n - 100) <= 1,000 holds to n = 325.
  Setup setup = setup_of(two_full(), "ideal", "", 100);
  setup.settings.kv_memory = 1000 * 1024;
  const Deployment deployment(std::move(setup));
  CHECK(max_context(deployment, 4).value == Count{325});
  CHECK(max_context_memory(deployment, 4).value == Count{325});
  CHECK(deployment.holds(325, 4));
  CHECK_FALSE(deployment.holds(326, 4));
  // Without memory for the prefix nothing fits.
  Setup small = setup_of(two_full(), "ideal", "", 100);
  small.settings.kv_memory = 99 * 1024;
  CHECK_FALSE(max_context(Deployment(small), 4).value.has_value());
}

TEST_CASE("a prefix is no longer than the shortest request, and lengths have no other context") {
  const Deployment long_prefix(setup_of(two_full(), "ideal", "1000:3000", 1001));
  CHECK_THROWS_WITH_AS(long_prefix.at(3000, 1),
                       "shared_prefix: expected at most the 1,000 tokens of the shortest request, found 1,001 (a "
                       "request is its prefix, the rest of its prompt and its answer)",
                       InputError);
  const Deployment lengths(setup_of(two_full(), "ideal", "1000:3000", 0));
  CHECK_THROWS_AS(lengths.at(2000, 1), InputError);
  CHECK_THROWS_AS(max_context(lengths, 1), InputError);
}

TEST_CASE("requests share no prefix where tokens see later ones or those of an encoder") {
  const Model model = load_model("t5-base");
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.kv_memory = 1;
  const Count alone = *Deployment(setup).at(512, 4).count(Metric::device_kv_bytes);
  setup.settings.requests.shared_prefix = 100;
  const Deployment deployment(std::move(setup));
  CHECK(deployment.at(512, 4).count(Metric::device_kv_bytes) == alone);
  CHECK(deployment.mix_notes(512, 4).back().find("no prefix in common") != std::string::npos);
}
