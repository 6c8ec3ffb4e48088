// What SGLang's rules give, from its logs and by hand. [sgl-project/sglang: python/sglang/srt/mem_cache/memory_pool.py,
// model_executor/model_runner_kv_cache_mixin.py, pool_configurator.py]
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "accuracy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "engine_logs.h"
#include "parts_model.h"

using namespace ctxcost;
using namespace ctxcost::test;

namespace {

Model alike(std::uint32_t layers, const MixerPointer& mixer, std::string family = "llama") {
  return model_of(std::move(family), layers, [&](std::uint32_t) { return std::vector{mixer}; });
}

/// `attention` in `layers` of 64 and a recurrence of the given elements in the others.
Model hybrid(std::uint32_t all, std::uint32_t layers, const MixerPointer& attention, const MixerPointer& recurrence) {
  return model_of("own", all, [&](std::uint32_t i) { return std::vector{i < layers ? attention : recurrence}; });
}

Deployment with_cache(const Model& model, std::string_view engine, Count bytes) {
  Setup setup{model, {}, parse_engine(engine), {}};
  setup.settings.kv_memory = bytes;
  return Deployment(std::move(setup));
}

/// floor(max_concurrency) sequences fit, and no more.
void check_most(const Deployment& deployment, Count context) {
  const DeploymentEstimate estimate = deployment.at(context, 1);
  const auto most = static_cast<std::uint64_t>(std::get<double>(estimate[Metric::max_concurrency]));
  CAPTURE(most);
  if (most > 0) CHECK(deployment.holds(context, most));
  CHECK_FALSE(deployment.holds(context, most + 1));
}

}  // namespace

TEST_CASE("SGLang's logs, to the printed digit") {
  struct Row {
    const char* log;
    Model model;
    const char* engine;
    const char* kv;
    std::string_view part;
    Count bytes;
    const char* printed;  // GiB
  };
  const Model qwen = hybrid(64, 16, full(4, 256), state("gated_delta", 48 * 128 * 128, 3 * 10240));
  const Model granite = hybrid(40, 4, full(8, 64), state("mamba2", 64 * 64 * 128, 3 * 4352));
  const MixerPointer wide = full(2, 512);
  const MixerPointer local = window(8, 256, 1024);
  const Model gemma4 = model_of("gemma4", 30, [&](std::uint32_t i) { return std::vector{i % 6 == 5 ? wide : local}; });
  const Row rows[] = {
      {"Llama-3-8B", alike(32, full(8, 128)), "sglang:tokens=38141", "bf16", "keys", 2499674112, "2.33"},
      {"Qwen3-30B-A3B", alike(48, full(4, 128)), "sglang:tokens=549277", "bf16", "keys",
       Count{549278} * 48 * 4 * 128 * 2, "25.14"},
      {"27B FP8 on H100", qwen, "sglang:tokens=330323,slots=124", "bf16", "keys", Count{330324} * 16 * 4 * 256 * 2,
       "10.08"},
      {"27B FP8 on H100", qwen, "sglang:tokens=330323,slots=124", "bf16", "values", Count{330324} * 16 * 4 * 256 * 2,
       "10.08"},
      {"27B FP8 on H100", qwen, "sglang:tokens=330323,slots=124", "bf16", "convolution",
       Count{48} * 125 * (10240 * 3 * 2), "0.34"},
      {"27B FP8 on H100", qwen, "sglang:tokens=330323,slots=124", "bf16", "recurrent", Count{48} * 125 * 3145728,
       "17.58"},
      {"granite-4.0-h-micro", granite, "sglang:tokens=399740,slots=38", "bf16", "keys", Count{399741} * 4 * 8 * 64 * 2,
       "1.52"},
      {"granite-4.0-h-micro", granite, "sglang:tokens=399740,slots=38", "bf16", "convolution",
       Count{36} * 39 * (4352 * 3 * 2), "0.03"},
      {"granite-4.0-h-micro", granite, "sglang:tokens=399740,slots=38", "bf16", "recurrent",
       Count{36} * 39 * 64 * 64 * 128 * 4, "2.74"},
      {"granite-4.0-h-micro of the catalogue", load_model("granite-4.0-h-micro"), "sglang:tokens=399740,slots=38",
       "bf16", "recurrent", Count{36} * 39 * 64 * 64 * 128 * 4, "2.74"},
      {"Ling 3", alike(6, latent(512, 64, 32, 128, 128), "own"), "sglang:tokens=1933682", "bf16", "latents",
       Count{1933683} * 6 * 576 * 2, "12.45"},
      {"Gemma-4-26B", gemma4, "sglang:page=256,tokens=70656", "bf16", "window keys", Count{56576} * 25 * 8 * 256 * 2,
       "5.40"},
      {"Gemma-4-26B", gemma4, "sglang:page=256,tokens=70656", "bf16", "keys", Count{70912} * 5 * 2 * 512 * 2, "0.68"},
      {"Gemma-4-26B of the catalogue", load_model("gemma-4-26b-a4b"), "sglang:page=256,tokens=70656", "bf16",
       "window values", Count{56576} * 25 * 8 * 256 * 2, "5.40"},
      // Gemma 3 has no second pool: its windows cache every token.
      {"EmbeddingGemma-300M", alike(24, window(1, 256, 512), "gemma3_text"), "sglang:tokens=6247850", "bf16", "keys",
       Count{6247851} * 24 * 1 * 256 * 2, "71.50"},
      // Ranks of 2, 1 and 1 heads [SGLang, 2026: "#tokens: 333254, K size: 2.54 GB" and "1.27 GB"].
      {"27B on rank 0 of 3", alike(16, full(2, 256)), "sglang:tokens=333254", "fp8", "keys", Count{333255} * 16 * 512,
       "2.54"},
      {"27B on rank 1 of 3", alike(16, full(1, 256)), "sglang:tokens=333254", "fp8", "keys", Count{333255} * 16 * 256,
       "1.27"},
      // [vllm-project/vllm#21348]
      {"Qwen3-235B-A22B on one of 4", alike(94, full(1, 128)), "sglang:tokens=367404", "bf16", "keys",
       Count{367405} * 94 * 128 * 2, "8.23"},
      {"GLM-4.7-Flash", alike(47, latent(512, 64, 20, 192, 256), "own"), "sglang:tokens=383872", "bf16", "latents",
       Count{383873} * 54144, "19.36"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.log);
    CAPTURE(row.part);
    // The pool is as large as asked, whatever the sequences.
    for (const Count context : {Count{1}, Count{131072}}) {
      const Count bytes = part_bytes(reserve(row.model, row.engine, context, 1, row.kv), row.part);
      CHECK(bytes == row.bytes);
      CHECK(gib(bytes) == row.printed);
    }
  }
  CHECK(accuracy_row("pools in SGLang's logs", std::size(rows), std::size(rows)));
}

TEST_CASE("SGLang without a card: whole pages of each sequence, a page more, and a state more") {
  const Model llama = alike(32, full(8, 128));
  const Count token = 131072;
  struct Row {
    const char* engine;
    Count context, batch, tokens;
  };
  for (const Row& row :
       {Row{"sglang", 1000, 1, 1001}, Row{"sglang", 1000, 3, 3001}, Row{"sglang:page=64", 1000, 1, 1088},
        Row{"sglang:page=64", 1000, 3, 3136}, Row{"sglang:page=64,tokens=1000", 5, 9, 1024}}) {
    CAPTURE(row.engine);
    CHECK(reserve(llama, row.engine, row.context, row.batch).bytes == row.tokens * token);
  }
  const Model states = hybrid(4, 1, full(2, 64), state("gated_delta", 1000, 30));
  const Reserve found = reserve(states, "sglang", 10, 5);
  CHECK(part_bytes(found, "recurrent") == Count{3} * 6 * 4000);
  CHECK(part_bytes(found, "convolution") == Count{3} * 6 * 60);
  for (const char* type : {"bfloat16", "float16", "model"}) {
    CHECK(part_bytes(reserve(states, "sglang:state=" + std::string(type), 10, 5), "recurrent") == Count{3} * 6 * 2000);
  }
}

TEST_CASE("SGLang's types: fp4 with a scale for 16 elements, records beside an index") {
  const Model llama = alike(32, full(8, 128));
  CHECK(reserve(llama, "sglang", 99, 1, "fp8").bytes == Count{100} * 65536);
  CHECK(reserve(llama, "sglang", 99, 1, "nvfp4").bytes == Count{100} * 65536 * 9 / 16);
  // 576 elements, or 512 + 16 + 128 bytes, and 132 bytes of the index; pages of 64.
  const Model v32 = load_model("deepseek-v3.2");
  CHECK(reserve(v32, "sglang", 64).bytes == Count{128} * 61 * (576 * 2 + 132));
  CHECK(reserve(v32, "sglang", 64, 1, "fp8").bytes == Count{128} * 61 * (656 + 132));
  CHECK(reserve(v32, "sglang:page=1", 64, 1, "fp8").bytes == Count{65} * 61 * (656 + 132));
  CHECK(reserve(load_model("deepseek-v3"), "sglang", 64, 1, "fp8").bytes == Count{65} * 61 * 576);
  CHECK_THROWS_WITH_AS(reserve(llama, "sglang", 1, 1, "q8_0"),
                       doctest::Contains("engine sglang: \"q8_0\" is not a type of its cache"), InputError);
  CHECK_THROWS_AS(reserve(llama, "sglang", 1, 1, "fp8/bf16"), InputError);
  CHECK_THROWS_AS(reserve(alike(1, state("titans", 1, 1)), "sglang", 1), InputError);
}

TEST_CASE("SGLang's #tokens from the bytes that are left") {
  const Model llama = load_model("llama-3.1-8b");
  const Count bytes = 5000000000;  // 38,146 tokens of 131,072 bytes
  struct Row {
    const char* engine;
    Count tokens;
  };
  for (const Row& row : {Row{"sglang", 38146}, Row{"sglang:page=64", 38144}, Row{"sglang:tokens=20000", 20000},
                         Row{"sglang:tokens=40000", 38146}, Row{"sglang:page=64,tokens=20000", 19968}}) {
    CAPTURE(row.engine);
    const Deployment deployment = with_cache(llama, row.engine, bytes);
    const DeploymentEstimate estimate = deployment.at(1024, 1);
    CHECK(estimate.count(Metric::kv_capacity_tokens) == row.tokens);
    CHECK(std::get<double>(estimate[Metric::max_concurrency]) == doctest::Approx(row.tokens.to_double() / 1024.0));
    check_most(deployment, 1024);
    check_most(deployment, 8191);
  }
}

TEST_CASE("SGLang's two pools divide the bytes by swa_ratio") {
  // 5 layers of 4,096 bytes and 25 of 8,192: 20,480 and 204,800 a token.
  const Model gemma4 = load_model("gemma-4-26b-a4b");
  struct Row {
    const char* ratio;
    Count tenths;
  };
  for (const Row& row : {Row{"0.8", 8}, Row{"0.5", 5}, Row{"1", 10}}) {
    CAPTURE(row.ratio);
    const Count tenths = row.tenths;
    const std::string engine = "sglang:page=256,swa_ratio=" + std::string(row.ratio);
    const Count total = Count{std::uint64_t{13} << 30};
    const Count full_tokens = total * 10 / (20480 * 10 + 204800 * tenths) / 256 * 256;
    const DeploymentEstimate estimate = with_cache(gemma4, engine, total).at(4096, 1);
    CHECK(estimate.count(Metric::kv_capacity_tokens) == full_tokens);
    const Reserve pools = reserve(gemma4, engine + ",tokens=" + to_string(full_tokens), 4096);
    const Count window_tokens = full_tokens * tenths / 10 / 256 * 256;
    CHECK(part_bytes(pools, "keys") + part_bytes(pools, "values") == (full_tokens + 256) * 20480);
    CHECK(part_bytes(pools, "window keys") + part_bytes(pools, "window values") == (window_tokens + 256) * 204800);
    CHECK(full_tokens * 20480 + window_tokens * 204800 <= total);
    REQUIRE(pools.notes.size() == 1);
    CHECK(pools.notes[0] == "SGLang makes two pools: " + to_string(full_tokens) + " tokens for full layers, " +
                                to_string(window_tokens) + " for window layers");
  }
  // Layers that all have windows are the only pool.
  const Model windows = alike(4, window(2, 64, 128), "gpt_oss");
  CHECK(reserve(windows, "sglang:tokens=1000", 1).bytes == Count{1001} * 4 * 512);
  CHECK(with_cache(windows, "sglang", 1000 * 2048).at(10, 1).count(Metric::kv_capacity_tokens) == 1000);
}

TEST_CASE("SGLang's states take 0.9 / 1.9 of the bytes, or the slots that were asked for") {
  // 4 layers of 8 heads of 64: 8,192 bytes a token. 36 states of 2,097,152 + 26,112 bytes: 76,437,504 a request.
  const Model granite = load_model("granite-4.0-h-micro");
  const Count state = 36 * (2097152 + 26112);
  const Count total = 10000000000;
  // floor(total 0.9 / 1.9 / state) = 61.97
  const DeploymentEstimate alone = with_cache(granite, "sglang", total).at(1000, 1);
  CHECK(alone.count(Metric::kv_capacity_tokens) == (total - 61 * state) / 8192);
  CHECK(std::get<double>(alone[Metric::max_concurrency]) == 61);
  check_most(with_cache(granite, "sglang", total), 1000);
  // Long sequences need more of the pool than of the slots.
  const DeploymentEstimate few = with_cache(granite, "sglang", total).at(131072, 1);
  CHECK(std::get<double>(few[Metric::max_concurrency]) ==
        doctest::Approx(few.count(Metric::kv_capacity_tokens)->to_double() / 131072));
  check_most(with_cache(granite, "sglang", total), 131072);
  const DeploymentEstimate asked = with_cache(granite, "sglang:slots=38", total).at(1000, 1);
  CHECK(asked.count(Metric::kv_capacity_tokens) == (total - 38 * state) / 8192);
  CHECK(std::get<double>(asked[Metric::max_concurrency]) == 38);
  // As much for states as for keys and values.
  CHECK(with_cache(granite, "sglang:state_ratio=1", total).at(1000, 1).count(Metric::kv_capacity_tokens) ==
        (total - 65 * state) / 8192);
  // Three quarters of the memory for states.
  CHECK(with_cache(granite, "sglang:state_ratio=3", total).at(1000, 1).count(Metric::kv_capacity_tokens) ==
        (total - 98 * state) / 8192);
}

TEST_CASE("SGLang's static share of a card is that of weights and cache") {
  Setup setup{load_model("llama-3.1-8b"), {}, parse_engine("sglang"), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  const Count memory = setup.settings.gpu->memory();
  const Count weights = Count{8030261248} * 2;
  const auto tokens = [&] { return *Deployment(setup).at(8192, 1).count(Metric::kv_capacity_tokens); };
  CHECK(tokens() == (memory * 9 / 10 - weights) / 131072);
  setup.engine = parse_engine("sglang:static=0.75");
  CHECK(tokens() == (memory * 3 / 4 - weights) / 131072);
  setup.settings.overhead = Count{std::uint64_t{1} << 30};
  CHECK(tokens() == ((memory - *setup.settings.overhead) * 3 / 4 - weights) / 131072);
  // Two ranks have half of the heads each.
  setup.settings.overhead.reset();
  setup.settings.parallelism = parse_parallelism("tp=2");
  CHECK(tokens() > 2 * (memory * 3 / 4 - weights) / 131072);
  // A share that is less than the weights leaves nothing.
  setup.settings.parallelism = {};
  setup.engine = parse_engine("sglang:static=0.1");
  CHECK(tokens() == 0);
  CHECK(Deployment(setup).at(8192, 1).limit == "kv_cache");
}

TEST_CASE("SGLang reserves never less for longer or more sequences, and half of the heads on each of two ranks") {
  const Model models[] = {load_model("llama-3.1-8b"), load_model("gemma-4-26b-a4b"), load_model("gpt-oss-20b"),
                          load_model("granite-4.0-h-micro"), load_model("deepseek-v3.2")};
  for (const Model& model : models) {
    CAPTURE(model.name);
    for (const char* engine : {"sglang", "sglang:page=64", "sglang:page=256"}) {
      Count before;
      for (Count context = 1; context <= 20000; context = context + 1 + context / 3) {
        const Count bytes = reserve(model, engine, context).bytes;
        CHECK(bytes >= before);
        CHECK(reserve(model, engine, context, 2).bytes >= bytes);
        before = bytes;
      }
    }
  }
  Setup setup{models[0], {}, parse_engine("sglang"), {}};
  setup.settings.parallelism = parse_parallelism("tp=2");
  CHECK(Deployment(setup).at(1000, 3).count(Metric::device_kv_bytes) == Count{3001} * 131072 / 2);
}
