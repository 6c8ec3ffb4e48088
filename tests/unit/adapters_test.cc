// LoRA adapters beside a model: what their slots take on each device, and what a step reads of them.
#include "ctxcost/deployment/adapters.h"

#include <doctest/doctest.h>

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

Setup with_lora(const std::string& model, const std::string& lora, const std::string& engine = "ideal",
                const std::string& parallel = "tp=1") {
  Setup setup{load_model(model), {}, parse_engine(engine), {}};
  setup.settings.adapters = parse_adapters(lora, "lora");
  setup.settings.parallelism = parse_parallelism(parallel);
  return setup;
}

DeploymentEstimate estimate(const Setup& setup, Count batch = 1) { return Deployment(setup).at(1024, batch); }

std::string noted(const Setup& setup, const std::string& beginning) {
  for (const std::string& note : Deployment(setup).notes()) {
    if (note.starts_with(beginning)) return note;
  }
  return {};
}

}  // namespace

TEST_CASE("an adapter has as many elements as PEFT prints trainable parameters") {
  // "trainable params" of LoraConfig(r=16) with all linears of the layers, or those of attention.
  struct Row {
    const char* model;
    const char* targets;
    std::uint64_t parameters;
  };
  const Row rows[] = {
      {"llama-3.1-8b", "all", 41'943'040},  // 32 x 16 x (2 x 8192 + 2 x 5120 + 3 x 18432)
      {"llama-3.1-8b", "attention", 13'631'488},
      {"llama-3.1-8b", "feed_forward", 28'311'552},
      {"llama-2-7b", "all", 39'976'960},
      {"qwen2.5-7b", "all", 40'370'176},
      // Queries, keys and values are one matrix, and gate and up are: 32 x 16 x (12288 + 6144 + 19456 + 11264).
      {"phi-3-mini-4k-instruct", "all", 25'165'824},
  };
  for (const Row& row : rows) {
    const DeploymentEstimate one = estimate(with_lora(row.model, "rank=16,targets=" + std::string(row.targets)));
    CHECK_MESSAGE(one.devices[0].adapters == Count{2 * row.parameters}, row.model, " ", row.targets);
  }
}

TEST_CASE("slots multiply, a type has its bytes, and the sum of a device holds them") {
  Setup setup = with_lora("llama-3.1-8b", "rank=16,count=4,type=fp32");
  const DeploymentEstimate with = estimate(setup);
  setup.settings.adapters.reset();
  const DeploymentEstimate without = estimate(setup);
  CHECK(with.devices[0].adapters == Count{4ULL * 4 * 41'943'040});
  CHECK(without.devices[0].adapters == Count{});
  CHECK(with.devices[0].weights == without.devices[0].weights);
  CHECK(*with.devices[0].bytes() == *without.devices[0].bytes() + 4ULL * 4 * 41'943'040);
  CHECK(with.count(Metric::device_bytes) == *without.count(Metric::device_bytes) + 4ULL * 4 * 41'943'040);
}

TEST_CASE("tensor parallelism divides the outputs of B, or the inputs of A, and replicates the other") {
  // Llama-3.3-70B over 4: queries 8192 + 2048, keys and values 8192 + 256, output 2048 + 8192, gate and up 8192 + 7168,
  // down 7168 + 8192: 83,456 a layer; 80 layers, rank 16, 2 bytes, 4 slots.
  const DeploymentEstimate four = estimate(with_lora("llama-3.3-70b-instruct", "rank=16,count=4", "vllm", "tp=4"));
  CHECK(four.devices[0].adapters == Count{83'456ULL * 80 * 16 * 2 * 4});
  // Stages hold the adapters of their layers: 40 of 80.
  const DeploymentEstimate stages = estimate(with_lora("llama-3.3-70b-instruct", "rank=16", "ideal", "pp=2"));
  const std::uint64_t layer = 2 * 16384 + 2 * 9216 + 3 * 36864;
  CHECK(stages.devices[0].adapters == Count{layer * 40 * 16 * 2});
  CHECK(stages.devices[1].adapters == Count{layer * 40 * 16 * 2});
}

TEST_CASE("each expert has its own adapter, and the router has one") {
  // Mixtral 8x7B: attention 2 x 8192 + 2 x 5120, router 4096 + 8, an expert 3 x (4096 + 14336).
  constexpr std::uint64_t kAttention = 26'624, kRouter = 4'104, kExpert = 55'296;
  const DeploymentEstimate one = estimate(with_lora("mixtral-8x7b-v0.1", "rank=8"));
  CHECK(one.devices[0].adapters == Count{(kAttention + kRouter + 8 * kExpert) * 32 * 8 * 2});
  // Over two: queries 4096 + 2048, keys and values 4096 + 512, output 2048 + 4096; each expert 3 x (4096 + 7168).
  const DeploymentEstimate tensor = estimate(with_lora("mixtral-8x7b-v0.1", "rank=8", "ideal", "tp=2"));
  constexpr std::uint64_t kHalf = 2 * 6'144 + 2 * 4'608;
  CHECK(tensor.devices[0].adapters == Count{(kHalf + kRouter + 8ULL * 3 * 11'264) * 32 * 8 * 2});
  // Whole experts, four on each; the router is whole.
  const DeploymentEstimate expert = estimate(with_lora("mixtral-8x7b-v0.1", "rank=8", "ideal", "tp=2,ep=2"));
  CHECK(expert.devices[0].adapters == Count{(kHalf + kRouter + 4 * kExpert) * 32 * 8 * 2});
}

TEST_CASE("adapters are where their layers and experts are") {
  // ngl=20 leaves 13 of 32 layers in host memory; a layer has 81,920 inputs and outputs.
  Setup setup = with_lora("meta-llama-3-8b", "rank=16", "llama.cpp:ngl=20");
  const DeploymentEstimate with = estimate(setup);
  CHECK(with.devices[0].adapters == Count{19ULL * 81'920 * 16 * 2});
  setup.settings.adapters.reset();
  CHECK(*with.host->weights == *estimate(setup).host->weights + 13ULL * 81'920 * 16 * 2);

  setup = with_lora("mixtral-8x7b-v0.1", "rank=8", "llama.cpp:n_cpu_moe=10");
  const DeploymentEstimate experts = estimate(setup);
  CHECK(experts.devices[0].adapters == Count{((26'624 + 4'104) * 32 + 8ULL * 55'296 * 22) * 8 * 2});
  setup.settings.adapters.reset();
  CHECK(*experts.host->weights == *estimate(setup).host->weights + 8ULL * 55'296 * 10 * 8 * 2);
}

TEST_CASE("vLLM has slots of some ranks, and an adapter takes the next one") {
  const Setup padded = with_lora("llama-3.1-8b", "rank=12", "vllm");
  CHECK(estimate(padded).devices[0].adapters == Count{2 * 41'943'040});
  CHECK(noted(padded, "adapters: ").ends_with("; vllm has no slots of rank 12"));
  CHECK(noted(padded, "adapters of the input embedding") != "");
  const Setup plain = with_lora("llama-3.1-8b", "rank=12");
  CHECK(estimate(plain).devices[0].adapters == Count{2 * 41'943'040 / 16 * 12});
  CHECK(noted(plain, "adapters: ") ==
        "adapters: 1 x 62,914,560 bytes a device: rank 12 in bf16, times inputs and outputs of each linear of mixers "
        "and feed-forwards");
  CHECK_THROWS_WITH_AS(Deployment(with_lora("llama-3.1-8b", "rank=513", "vllm")),
                       "lora: expected a rank of at most 512 under vllm, found 513", InputError);
}

TEST_CASE("a step reads the adapters of its sequences, once each, and multiplies by one for each token") {
  Setup setup = with_lora("llama-3.1-8b", "rank=16,count=4");
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  Setup bare = setup;
  bare.settings.adapters.reset();
  const double bandwidth = setup.settings.gpu->bandwidth_bytes_per_s.to_double();
  const double peak = Deployment(setup).peak()->flops_per_s.to_double();
  for (const std::uint32_t batch : {1U, 3U, 4U, 9U}) {
    const DeploymentEstimate with = estimate(setup, batch);
    const DeploymentEstimate without = estimate(bare, batch);
    const double read = std::min(batch, 4U) * 83'886'080.0;
    CHECK(with.decode->memory_seconds - without.decode->memory_seconds == doctest::Approx(read / bandwidth));
    const double flops = 2.0 * 41'943'040 * batch;
    CHECK(with.decode->compute_seconds - without.decode->compute_seconds == doctest::Approx(flops / peak));
    CHECK(with.prefill->compute_seconds - without.prefill->compute_seconds == doctest::Approx(1024 * flops / peak));
  }
}

TEST_CASE("of experts a step reads the adapters of those that the tokens of each adapter choose") {
  DeviceAdapters adapters{};
  adapters.slots = 2;
  adapters.decode_bytes = 100;
  adapters.experts = {
      {.layers = 3, .count = 8, .active = 2, .held = 8, .bytes_each = 10, .in_decode = true, .in_host = false}};
  // One sequence: 2 experts of 3 layers. Three over two adapters: 2 tokens choose 4, 1 chooses 2.
  CHECK(adapters.bytes_read(1, 1, false, false) == Count{100 + 3 * 2 * 10});
  CHECK(adapters.bytes_read(3, 3, false, false) == Count{200 + 3 * (4 + 2) * 10});
  CHECK(adapters.bytes_read(100, 100, false, false) == Count{200 + 2 * 3 * 8 * 10});
  CHECK(adapters.bytes_read(1, 1, false, true) == Count{});
}

TEST_CASE("slots are written as rank=R and what differs from the defaults") {
  const AdapterSettings one = parse_adapters("rank=16", "lora");
  CHECK(one.rank == Count{16});
  CHECK(one.count == Count{1});
  CHECK(!one.type);
  CHECK(one.targets == AdapterTargets::all);
  const AdapterSettings all = parse_adapters("targets=attention,type=fp16,count=8,rank=64", "lora");
  CHECK(all.rank == Count{64});
  CHECK(all.count == Count{8});
  CHECK(all.type->name() == "fp16");
  CHECK(all.targets == AdapterTargets::attention);
  CHECK(all.name == "targets=attention,type=fp16,count=8,rank=64");

  struct Fault {
    const char* text;
    const char* message;
  };
  const Fault faults[] = {
      {"", "lora: expected rank=R, count=N, type=TYPE or targets=NAME, found \"\""},
      {"16", "lora: expected rank=R, count=N, type=TYPE or targets=NAME, found \"16\""},
      {"count=4", "lora: expected rank=R, found none (rank=16,count=4)"},
      {"rank=0", "lora: rank: expected an integer from 1 to 1048576, found \"0\""},
      {"rank=x", "lora: rank: expected an integer from 1 to 1048576, found \"x\""},
      {"rank=16,", "lora: expected rank=R, count=N, type=TYPE or targets=NAME, found \"\""},
      {"rank=16,rank=8", "lora: \"rank\" is given twice"},
      {"rank=16,type=int4", "lora: type: expected fp32, fp16, bf16 or fp8, found \"int4\""},
      {"rank=16,targets=head", "lora: targets: expected all, attention or feed_forward, found \"head\""},
  };
  for (const Fault& fault : faults) {
    CHECK_THROWS_WITH_AS(parse_adapters(fault.text, "lora"), fault.message, InputError);
  }
  CHECK_THROWS_WITH_AS(parse_adapters("rank=16,cuont=4", "lora"), doctest::Contains("did you mean \"count\"?"),
                       InputError);
}
