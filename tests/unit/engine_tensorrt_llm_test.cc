// What TensorRT-LLM's rules give, from its logs and by hand.
// [NVIDIA/TensorRT-LLM: cpp/tensorrt_llm/batch_manager/kvCacheManager.cpp]
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

Model layers_of(std::uint32_t layers, const MixerPointer& mixer, std::string family = "llama") {
  return model_of(std::move(family), layers, [&](std::uint32_t) { return std::vector{mixer}; });
}

}  // namespace

TEST_CASE("TensorRT-LLM's logs, to the printed digit") {
  struct Row {
    const char* log;
    Model model;
    const char* engine;
    const char* kv;
    Count bytes;
    const char* printed;  // GiB
  };
  const Row rows[] = {
      {"Llama-3.1-8B", load_model("llama-3.1-8b"), "tensorrt-llm:block=64,tokens=220480", "bf16",
       Count{220480} * 131072, "26.91"},
      {"gpt-oss-120b", load_model("gpt-oss-120b"), "tensorrt-llm:tokens=8224", "bf16", Count{8224} * 73728, "0.56"},
      {"82 pages", layers_of(32, full(16, 128)), "tensorrt-llm:block=64,tokens=5248", "bf16", Count{5248} * 262144,
       "1.28"},
      {"Llama-3.1-8B in fp8, 8,219 blocks", load_model("llama-3.1-8b"), "tensorrt-llm:tokens=263008", "fp8",
       Count{263008} * 65536, "16.05"},
      {"Qwen2.5-1.5B", layers_of(28, full(2, 128)), "tensorrt-llm:block=64,tokens=273792", "fp16",
       Count{273792} * 28672, "7.31"},
      // "Allocated 2.18 GiB for max tokens in paged KV cache (190656)"
      {"Qwen2.5-0.5B", layers_of(24, full(2, 64)), "tensorrt-llm:block=64,tokens=190656", "fp16", Count{190656} * 12288,
       "2.18"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.log);
    const Count bytes = reserve(row.model, row.engine, 1000, 1, row.kv).bytes;
    CHECK(bytes == row.bytes);
    CHECK(gib(bytes) == row.printed);
  }
  CHECK(accuracy_row("pools in TensorRT-LLM's logs", std::size(rows), std::size(rows)));
}

TEST_CASE("TensorRT-LLM without a card: whole blocks of each sequence, windows in full") {
  const Model llama = layers_of(32, full(8, 128));
  struct Row {
    const char* engine;
    Count context, batch, tokens;
  };
  for (const Row& row : {Row{"tensorrt-llm", 1, 1, 32}, Row{"tensorrt-llm", 32, 1, 32}, Row{"tensorrt-llm", 33, 1, 64},
                         Row{"tensorrt-llm", 1000, 3, 3072}, Row{"tensorrt-llm:block=64", 1000, 3, 3072},
                         Row{"tensorrt-llm:block=64", 1030, 2, 2176}, Row{"tensorrt-llm:tokens=1001", 5, 1, 1024},
                         Row{"tensorrt-llm", 0, 1, 0}}) {
    CAPTURE(row.engine);
    CHECK(reserve(llama, row.engine, row.context, row.batch).bytes == row.tokens * 131072);
  }
  const Reserve windows = reserve(layers_of(2, window(8, 128, 64)), "tensorrt-llm", 1000);
  CHECK(windows.bytes == Count{1024} * 2 * 4096);
  CHECK(windows.notes.size() == 1);
  // A latent is one row; an index key has its scale.
  CHECK(reserve(layers_of(61, latent(512, 64, 128, 128, 128)), "tensorrt-llm", 1).bytes == Count{32} * 61 * 1152);
  CHECK(reserve(layers_of(61, latent(512, 64, 128, 128, 128, 128)), "tensorrt-llm", 1).bytes ==
        Count{32} * 61 * (1152 + 132));
  // States of each sequence, in the model's type unless the config names one.
  Model hybrid = layers_of(3, state("mamba2", 1000, 30));
  CHECK(reserve(hybrid, "tensorrt-llm", 10, 5).bytes == Count{3} * 5 * (2000 + 60));
  hybrid.recurrent_state = parse_precision("fp32", "test");
  CHECK(reserve(hybrid, "tensorrt-llm", 10, 5).bytes == Count{3} * 5 * (4000 + 60));
  CHECK_THROWS_WITH_AS(reserve(llama, "tensorrt-llm", 1, 1, "q8_0"),
                       doctest::Contains("engine tensorrt-llm: \"q8_0\" is not a type of its cache"), InputError);
  CHECK_THROWS_AS(reserve(llama, "tensorrt-llm", 1, 1, "int8:group=64,zero"), InputError);
  CHECK_THROWS_AS(reserve(llama, "tensorrt-llm", 1, 1, "fp8/bf16"), InputError);
  CHECK_THROWS_AS(reserve(layers_of(1, state("rwkv", 1, 1)), "tensorrt-llm", 1), InputError);
}

TEST_CASE("TensorRT-LLM's max tokens are whole blocks, rounded up") {
  Setup setup{load_model("llama-3.1-8b"), {}, parse_engine("tensorrt-llm"), {}};
  struct Row {
    const char* engine;
    Count bytes, tokens, blocks, sequence;  // of 1,000 tokens
  };
  const Count gib_of_tokens = Count{std::uint64_t{1} << 30};  // 8,192
  for (const Row& row :
       {Row{"tensorrt-llm", gib_of_tokens, 8192, 256, 32}, Row{"tensorrt-llm", gib_of_tokens + 131072, 8224, 257, 32},
        Row{"tensorrt-llm", gib_of_tokens - 1, 8192, 256, 32},
        Row{"tensorrt-llm:block=64", gib_of_tokens + 131072, 8256, 129, 16},
        Row{"tensorrt-llm:tokens=4000", gib_of_tokens, 4000, 125, 32},
        Row{"tensorrt-llm:tokens=9000", gib_of_tokens, 8192, 256, 32}}) {
    CAPTURE(row.engine);
    setup.engine = parse_engine(row.engine);
    setup.settings.kv_memory = row.bytes;
    const Deployment deployment(setup);
    const DeploymentEstimate estimate = deployment.at(1000, 1);
    CHECK(estimate.count(Metric::kv_capacity_tokens) == row.tokens);
    CHECK(std::get<double>(estimate[Metric::max_concurrency]) ==
          doctest::Approx(row.blocks.to_double() / row.sequence.to_double()));
    const Count most = row.blocks / row.sequence;
    CHECK(deployment.holds(1000, most));
    CHECK_FALSE(deployment.holds(1000, most + 1));
  }
}

TEST_CASE("TensorRT-LLM's sequences bring their states along") {
  // Three states of 2,060 bytes, and a layer of 4,096 bytes a token: 131,072 a block.
  const MixerPointer attention = full(8, 128);
  const MixerPointer recurrent = state("mamba2", 1000, 30);
  Setup setup{model_of("own", 4, [&](std::uint32_t i) { return std::vector{i == 0 ? attention : recurrent}; }),
              {},
              parse_engine("tensorrt-llm"),
              {}};
  setup.settings.kv_memory = 7 * (131072 + 3 * 2060) + 5000;
  const Deployment deployment(setup);
  CHECK(deployment.holds(20, 7));
  CHECK_FALSE(deployment.holds(20, 8));
  CHECK(std::get<double>(deployment.at(20, 1)[Metric::max_concurrency]) == doctest::Approx(7 + 5000 / 137252.0));
}

TEST_CASE("TensorRT-LLM takes a share of what is free beside weights and activations") {
  Setup setup{load_model("llama-3.1-8b"), {}, parse_engine("tensorrt-llm"), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  const DeploymentEstimate estimate = Deployment(setup).at(8192, 1);
  const DeviceMemory& device = estimate.devices[0];
  const Count free = setup.settings.gpu->memory() - *device.weights - *device.activations;
  CHECK(estimate.count(Metric::kv_capacity_tokens) == round_up(free * 9 / 10 / 131072, 32));
  // A number of tokens replaces the share; beside a share that is asked for, the smaller of the two counts.
  setup.engine = parse_engine("tensorrt-llm:tokens=500000");
  CHECK(free * 9 / 10 / 131072 < 500000);
  CHECK(Deployment(setup).at(8192, 1).count(Metric::kv_capacity_tokens) == round_up(500000, 32));
  setup.engine = parse_engine("tensorrt-llm:tokens=500000,fraction=0.9");
  CHECK(Deployment(setup).at(8192, 1).count(Metric::kv_capacity_tokens) == round_up(free * 9 / 10 / 131072, 32));
  setup.engine = parse_engine("tensorrt-llm:tokens=1000,fraction=0.9");
  CHECK(Deployment(setup).at(100, 1).count(Metric::kv_capacity_tokens) == 1024);
  setup.engine = parse_engine("tensorrt-llm:fraction=0.5");
  setup.settings.overhead = Count{std::uint64_t{2} << 30};
  CHECK(Deployment(setup).at(8192, 1).count(Metric::kv_capacity_tokens) ==
        round_up((free - *setup.settings.overhead) / 2 / 131072, 32));
  // Two ranks have half of the heads each.
  setup.settings.parallelism = parse_parallelism("tp=2");
  CHECK(Deployment(setup).at(1000, 3).count(Metric::device_kv_bytes) == Count{3072} * 131072 / 2);
}
