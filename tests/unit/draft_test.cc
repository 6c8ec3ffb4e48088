// A model that drafts tokens on the devices of another one: its weights and its cache, by the rules of each engine.
#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/companions.h"
#include "ctxcost/input/input.h"

using namespace ctxcost;

namespace {

// Llama-3.1-8B has 8,030,261,248 parameters and Llama-3.2-1B 1,235,814,400, both in bf16; a token is 32 layers of
// 2 x 8 x 128 or 16 layers of 2 x 8 x 64.
constexpr std::uint64_t kWeights = 2 * 8'030'261'248ULL;
constexpr std::uint64_t kDraftWeights = 2 * 1'235'814'400ULL;
constexpr std::uint64_t kToken = 32ULL * 2 * 8 * 128 * 2;
constexpr std::uint64_t kDraftToken = 16ULL * 2 * 8 * 64 * 2;

Setup with_draft(const std::string& engine, const std::string& parallel = "tp=1") {
  Setup setup{load_model("llama-3.1-8b"), {}, parse_engine(engine), {}};
  setup.settings.parallelism = parse_parallelism(parallel);
  setup.companions = load_companions(setup.engine);
  set_draft(setup.companions, load_model("llama-3.2-1b"));
  return setup;
}

DeviceMemory first_device(const Setup& setup) { return Deployment(setup).at(8192, 2).devices.front(); }

}  // namespace

TEST_CASE("a draft adds its weights and its cache under every engine that has no pool of its own") {
  for (const char* engine : {"ideal", "vllm", "transformers"}) {
    const DeviceMemory device = first_device(with_draft(engine));
    CHECK_MESSAGE(device.weights == Count{kWeights + kDraftWeights}, engine);
    CHECK_MESSAGE(device.kv_reserved == Count{(kToken + kDraftToken) * 8192 * 2}, engine);
  }
  for (const char* engine : {"sglang", "tensorrt-llm"}) {
    CHECK_THROWS_WITH_AS(Deployment(with_draft(engine)),
                         doctest::Contains("shares its pool with a draft is not modelled"), InputError);
  }
}

TEST_CASE("its cache has the type of the model's, or under llama.cpp its own default") {
  Setup setup = with_draft("vllm");
  setup.workload.kv = parse_kv_precision("fp8", "test");
  CHECK(first_device(setup).kv_reserved == Count{(kToken + kDraftToken) / 2 * 8192 * 2});
  setup = with_draft("llama.cpp");
  setup.workload.kv = parse_kv_precision("q8_0", "test");
  CHECK(first_device(setup).kv_reserved == Count{(kToken / 64 * 34 + kDraftToken) * 8192 * 2});
}

TEST_CASE("it is split as the model is") {
  const DeviceMemory device = first_device(with_draft("vllm", "tp=2"));
  CHECK(device.kv_reserved == Count{(kToken + kDraftToken) / 2 * 8192 * 2});
  // Both have 8 KV heads; 32 ranks are as many as the draft's query heads, 64 are more than either has.
  CHECK_THROWS_AS(Deployment(with_draft("vllm", "tp=3")), InputError);
  // The draft has 16 layers, the model 32.
  CHECK_THROWS_WITH_AS(Deployment(with_draft("ideal", "pp=20")),
                       doctest::Contains("the draft Llama-3.2-1B: pp=20: expected at most the 16 layers as stages"),
                       InputError);
}

TEST_CASE("blocks hold tokens of both: vLLM's capacity is the room over a token of each") {
  Setup setup = with_draft("vllm");
  setup.settings.kv_memory = Count{1ULL << 30};
  // 2^30 / (16 x (131,072 + 32,768)) = 409.6 blocks of 16 tokens; a sequence of 8,192 needs 512.
  const DeploymentEstimate with = Deployment(setup).at(8192, 1);
  CHECK(with.count(Metric::kv_capacity_tokens) == Count{409 * 8192 / 512});
  setup.companions = {};
  CHECK(Deployment(setup).at(8192, 1).count(Metric::kv_capacity_tokens) == Count{512 * 16});
}

TEST_CASE("two drafts are an error, and notes say what is counted of one") {
  Companions companions = load_companions(parse_engine("llama.cpp:draft=llama-3.2-1b"));
  CHECK_THROWS_WITH_AS(set_draft(companions, load_model("llama-3.2-1b")),
                       "draft: the engine's settings name a draft, too (keep one of them)", InputError);
  bool noted = false;
  const Deployment deployment(with_draft("vllm"));
  for (const std::string& note : deployment.notes()) {
    noted = noted || note ==
                         "weights and KV cache are those of the model and of its draft Llama-3.2-1B, whose cache is in "
                         "bf16; its activations are not counted";
  }
  CHECK(noted);
}
