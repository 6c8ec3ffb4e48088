// Where llama.cpp's settings put layers, experts and cache, on devices and in host memory. The expected bytes are those
// of logs, or worked out by hand from the shapes of the models.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/companions.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

/// `devices` cards of 24 GB, or none of a known size.
Setup placed(const Model& model, const std::string& engine, const std::string& weights, std::uint32_t devices = 1,
             bool card = true) {
  Setup setup{model, {}, parse_engine(engine), {}};
  if (!weights.empty()) setup.workload.weights = parse_weight_scheme(weights, "test");
  setup.workload.kv = parse_kv_precision("fp16", "test");
  setup.settings.parallelism.pipeline = devices;
  if (card) setup.settings.gpu = load_accelerator("rtx-4090-24gb");
  return setup;
}

DeploymentEstimate at(const Model& model, const std::string& engine, const std::string& weights, Count context,
                      std::uint32_t devices = 1) {
  return Deployment(placed(model, engine, weights, devices)).at(context, 1);
}

/// "4403.49": MiB to two decimals, as logs print them.
std::string mib(std::optional<Count> bytes) {
  if (!bytes) return "nothing";
  const Count hundredths = (*bytes * 100 + (1 << 19)) / (1 << 20);
  const std::string digits = to_string(hundredths % 100);
  return to_string(hundredths / 100) + "." + (digits.size() < 2 ? "0" : "") + digits;
}

// Meta-Llama-3-8B as an F16 file: 32 layers of 4096 x (2 x 4096 + 2 x 1024 + 3 x 14336) and two norms in F32; a cache
// of 2 x 8 x 128 in fp16 at 8,192 tokens; embedding, head, final norm.
constexpr std::uint64_t kLayer = 2ULL * 4096 * (2 * 4096 + 2 * 1024 + 3 * 14336) + 2ULL * 4096 * 4;
constexpr std::uint64_t kLayerCache = 2ULL * 8 * 128 * 2 * 8192;
constexpr std::uint64_t kEmbedding = 2ULL * 128256 * 4096;
constexpr std::uint64_t kHead = kEmbedding + 4096 * 4;

}  // namespace

TEST_CASE("ngl counts from the output, or before December 2025 from the last layer") {
  const Model model = load_model("meta-llama-3-8b");
  struct Row {
    const char* settings;
    std::uint32_t layers;  // on the device
    bool output;
  };
  const Row rows[] = {
      {"ngl=0", 0, false},
      {"ngl=1", 0, true},
      {"ngl=20", 19, true},
      {"ngl=32", 31, true},
      {"ngl=33", 32, true},
      {"ngl=999", 32, true},
      {"ngl=all", 32, true},
      {"ngl=0,output=last", 0, false},
      {"ngl=1,output=last", 1, false},
      {"ngl=20,output=last", 20, false},
      {"ngl=32,output=last", 32, false},
      {"ngl=33,output=last", 32, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.settings);
    const DeploymentEstimate estimate = at(model, "llama.cpp:" + std::string(row.settings), "F16", 8192);
    const Count device = kLayer * row.layers + (row.output ? kHead : 0);
    const Count host = kEmbedding + kLayer * (32 - row.layers) + (row.output ? 0 : kHead);
    REQUIRE(estimate.devices.size() == 1);
    REQUIRE(estimate.host.has_value());
    CHECK(estimate.devices[0].weights == device);
    CHECK(estimate.devices[0].kv_reserved == Count{kLayerCache * row.layers});
    CHECK(estimate.host->weights == host);
    CHECK(estimate.host->kv_reserved == Count{kLayerCache * (32 - row.layers)});
    CHECK(estimate.count(Metric::host_bytes) == host + kLayerCache * (32 - row.layers));
    // Layers in host memory have no time without its bandwidth; rows of the input embedding do not count.
    const bool all = row.layers == 32 && row.output;
    CHECK(estimate.decode.has_value() == all);
    CHECK(estimate.prefill.has_value() == all);
  }
  CHECK(at(model, "ideal", "F16", 8192).count(Metric::host_bytes) == std::nullopt);
}

TEST_CASE("device and host hold the whole model for every ngl; a tied matrix twice with the output on a device") {
  struct Row {
    const char* model;
    std::uint64_t again;  // bytes of the embedding, where the head is the same matrix
    std::uint32_t layers;
  };
  const Row rows[] = {
      {"meta-llama-3-8b", 0, 32},
      {"mixtral-8x7b-v0.1", 0, 32},
      {"qwen3-next-80b-a3b-instruct", 0, 48},
      {"qwen3-0.6b", 2ULL * 151936 * 1024, 28},
  };
  for (const Row& row : rows) {
    const Model model = load_model(row.model);
    for (std::uint32_t ngl = 0; ngl <= row.layers + 2; ++ngl) {
      for (const char* more : {"", ",output=last", ",n_cpu_moe=7", ",kv_offload=0"}) {
        const std::string engine = "llama.cpp:ngl=" + std::to_string(ngl) + more;
        CAPTURE(row.model);
        CAPTURE(engine);
        const bool last = std::string_view(more) == ",output=last";
        const bool output = ngl > (last ? row.layers : 0);
        for (const std::uint32_t devices : {1U, 3U}) {
          const DeploymentEstimate estimate = at(model, engine, "F16", 4096, devices);
          Count weights = *estimate.host->weights;
          Count cache = *estimate.host->kv_reserved;
          for (const DeviceMemory& device : estimate.devices) {
            weights += *device.weights;
            cache += *device.kv_reserved;
          }
          CHECK(weights == *estimate.count(Metric::weights_bytes) + (output ? row.again : 0));
          CHECK(cache == *estimate.count(Metric::kv_reserved_bytes));
        }
      }
    }
  }
}

TEST_CASE("buffers of weights and cache in logs of whole and partial offloads") {
  // "CUDA0 model buffer size = 4403.49 MiB, CPU_Mapped model buffer size = 281.81 MiB", "Vulkan0 ... 4155.99 MiB".
  const Model llama = load_model("llama-3.1-8b");
  CHECK(mib(at(llama, "llama.cpp", "Q4_K_M", 8192).devices[0].weights) == "4403.49");
  CHECK(mib(at(llama, "llama.cpp", "Q4_K_M", 8192).host->weights) == "281.81");
  CHECK(mib(at(llama, "llama.cpp", "Q4_0", 8192).devices[0].weights) == "4155.99");
  CHECK(mib(at(llama, "llama.cpp", "Q4_0", 8192).host->weights) == "281.81");

  // July 2025, Qwen3-8B Q8_0, n_ctx 131072: "offloaded 19/37 layers to GPU, CUDA0 model buffer size = 3715.11 MiB,
  // CPU_Mapped model buffer size = 4585.25 MiB, CUDA0 KV buffer size = 9728.00 MiB".
  const DeploymentEstimate old = at(load_model("qwen3-8b"), "llama.cpp:ngl=19,output=last,flash=0", "Q8_0", 131072);
  CHECK(mib(old.devices[0].weights) == "3715.11");
  CHECK(mib(old.devices[0].kv_reserved) == "9728.00");
  CHECK(mib(old.host->weights) == "4585.25");
  CHECK(mib(old.host->kv_reserved) == "8704.00");

  // Build 9849, a Qwen3.5 of 32 layers, every fourth full, n_ctx 8192: "offloading output layer to GPU, offloading 19
  // repeating layers to GPU, CPU KV buffer size = 96.00 MiB, Vulkan1 KV buffer size = 160.00 MiB, CPU RS buffer size =
  // 20.94 MiB, Vulkan1 RS buffer size = 29.31 MiB".
  const Model hybrid = parse_model(R"({"layers": 32, "heads": 16, "d_k": 256, "kv_heads": 4, "d_model": 4096,
      "d_ff": 12288, "vocab": 248320, "pattern": [
        {"repeat": 3, "attention": {"kind": "gated_delta", "key_heads": 16}, "heads": 32, "d_k": 128},
        {"attention": {"kind": "full"}}]})",
                                   "test.json");
  const DeploymentEstimate part = at(hybrid, "llama.cpp:ngl=20", "F16", 8192);
  CHECK(mib(part.devices[0].kv_reserved) == "189.31");
  CHECK(mib(part.host->kv_reserved) == "116.94");

  // April 2024, Command-R, n_ctx 4096, cards of 12 and 24 GB: "CUDA0 KV buffer size = 1536.00 MiB, CUDA1 KV buffer size
  // = 3584.00 MiB": 12 of 40 layers, as free memory in a proportion of 11 to 28 gives.
  const DeploymentEstimate two = at(load_model("c4ai-command-r-v01"), "llama.cpp:split=11+28", "", 4096, 2);
  REQUIRE(two.devices.size() == 2);
  CHECK(mib(two.devices[0].kv_reserved) == "1536.00");
  CHECK(mib(two.devices[1].kv_reserved) == "3584.00");
}

TEST_CASE("layers and the output are split in proportion, by memory where nothing is asked") {
  const Model model = load_model("meta-llama-3-8b");
  struct Row {
    const char* settings;
    std::vector<std::uint32_t> layers;  // of each device
    std::size_t head;                   // the device that has it
  };
  const Row rows[] = {
      {"ngl=all", {17, 15}, 1},          // slot i of 33 is on the first device while i / 33 < 1 / 2
      {"split=3+1", {25, 7}, 1},         // i / 33 < 3 / 4
      {"split=1+3", {9, 23}, 1},         //
      {"split=1+0", {32, 0}, 0},         //
      {"split=0+5", {0, 32}, 1},         //
      {"ngl=1,split=1+1", {0, 0}, 0},    // 0 / 1 < 1 / 2: the output alone
      {"ngl=5,split=1+1", {3, 1}, 1},    // layers 28 to 31 and the output
      {"split=1+1+1", {11, 11, 10}, 2},  // 11 / 33 is not below 1 / 3
      {"split=2+1+1", {17, 8, 7}, 2},    // 17 / 33 is above 2 / 4, 25 / 33 above 3 / 4
      {"ngl=32,output=last,split=1+1", {16, 16}, 9},
  };
  for (const Row& row : rows) {
    CAPTURE(row.settings);
    const auto count = static_cast<std::uint32_t>(row.layers.size());
    const DeploymentEstimate estimate = at(model, "llama.cpp:" + std::string(row.settings), "F16", 8192, count);
    REQUIRE(estimate.devices.size() == row.layers.size());
    for (std::size_t i = 0; i < row.layers.size(); ++i) {
      CHECK(estimate.devices[i].weights == Count{kLayer * row.layers[i] + (i == row.head ? kHead : 0)});
      CHECK(estimate.devices[i].kv_reserved == Count{kLayerCache * row.layers[i]});
    }
  }
  CHECK_THROWS_WITH_AS(at(model, "llama.cpp:split=3+1", "F16", 8192),
                       "engine llama.cpp: split: expected 1 proportion, one for each device, found \"3+1\" (give the "
                       "number of devices with the GPU)",
                       InputError);
  CHECK_THROWS_WITH_AS(at(model, "llama.cpp:split=0+0", "F16", 8192, 2),
                       doctest::Contains("expected a proportion above 0"), InputError);
}

TEST_CASE("the layer that predicts further tokens is one of those that ngl counts, and has its cache there") {
  // GLM-4.5: 92 layers and one more; 8 KV heads of 128.
  const Model model = load_model("glm-4.5");
  constexpr std::uint64_t kCache = 2ULL * 8 * 128 * 2 * 4096;
  CHECK(at(model, "llama.cpp:ngl=1", "F16", 4096).devices[0].kv_reserved == Count{});
  CHECK(at(model, "llama.cpp:ngl=1", "F16", 4096).host->kv_reserved == Count{93 * kCache});
  CHECK(at(model, "llama.cpp:ngl=3", "F16", 4096).devices[0].kv_reserved == Count{2 * kCache});
  CHECK(at(model, "llama.cpp:ngl=3", "F16", 4096).host->kv_reserved == Count{91 * kCache});
  // On a device without a layer of the model it counts with the last of them.
  CHECK(at(model, "llama.cpp:ngl=2", "F16", 4096).host->kv_reserved == Count{93 * kCache});
  const DeploymentEstimate two = at(model, "llama.cpp", "F16", 4096, 2);
  CHECK(two.devices[0].kv_reserved == Count{47 * kCache});
  CHECK(two.devices[1].kv_reserved == Count{46 * kCache});
}

TEST_CASE("n_cpu_moe keeps the routed experts of the first layers in host memory") {
  // Qwen3-30B-A3B: 48 layers of 128 experts of 3 x 2048 x 768.
  const Model model = load_model("qwen3-30b-a3b");
  constexpr std::uint64_t kExperts = 2ULL * 128 * 3 * 2048 * 768;
  constexpr std::uint64_t kTokens = 2ULL * 151936 * 2048;
  struct Row {
    const char* settings;
    std::uint32_t layers;
  };
  const Row rows[] = {{"n_cpu_moe=0", 0},   {"n_cpu_moe=1", 1},    {"n_cpu_moe=20", 20},
                      {"n_cpu_moe=48", 48}, {"n_cpu_moe=all", 48}, {"n_cpu_moe=99", 48}};
  const Count all = *at(model, "llama.cpp", "F16", 4096).devices[0].weights;
  for (const Row& row : rows) {
    CAPTURE(row.settings);
    const DeploymentEstimate estimate = at(model, "llama.cpp:" + std::string(row.settings), "F16", 4096);
    CHECK(estimate.host->weights == Count{kTokens + kExperts * row.layers});
    CHECK(estimate.devices[0].weights == all - Count{kExperts * row.layers});
    CHECK(estimate.decode.has_value() == (row.layers == 0));
  }
  // Experts of layers that are in host memory anyway count once: ngl=all but 10 of 49.
  const DeploymentEstimate both = at(model, "llama.cpp:ngl=39,n_cpu_moe=20", "F16", 4096);
  const DeploymentEstimate layers = at(model, "llama.cpp:ngl=39", "F16", 4096);
  CHECK(*both.host->weights == *layers.host->weights + Count{10 * kExperts});
}

TEST_CASE("kv_offload=0 keeps the cache of all layers in host memory") {
  const Model model = load_model("meta-llama-3-8b");
  for (const char* ngl : {"0", "9", "all"}) {
    for (const std::uint32_t devices : {1U, 2U}) {
      const DeploymentEstimate estimate =
          at(model, "llama.cpp:kv_offload=0,ngl=" + std::string(ngl), "F16", 8192, devices);
      CHECK(estimate.host->kv_reserved == Count{32 * kLayerCache});
      CHECK(estimate.count(Metric::device_kv_bytes) == Count{});
      CHECK(std::holds_alternative<std::monostate>(estimate[Metric::max_concurrency]));
      CHECK_FALSE(estimate.decode.has_value());
    }
  }
  // Then only the mask of the compute buffer, 2 x 512 bytes a token, grows with the context.
  const Deployment deployment(placed(model, "llama.cpp:kv_offload=0", "F16"));
  const Count rest = *deployment.capacity() - Count{32 * kLayer + kHead};
  CHECK(max_context_memory(deployment, 1).value == rest / 1024 / 256 * 256);
}

TEST_CASE("time of what lies in host memory is its bytes over the bandwidth of host memory") {
  const Model model = load_model("meta-llama-3-8b");
  Setup setup = placed(model, "llama.cpp:ngl=20", "F16");
  setup.settings.host_bandwidth = Count{80'000'000'000};
  const DeploymentEstimate estimate = Deployment(setup).at(8192, 1);
  REQUIRE(estimate.decode.has_value());
  REQUIRE(estimate.prefill.has_value());
  // 13 layers with their cache, and one row of the embedding; a prefill looks up 8,192 rows.
  const double layers = 13.0 * static_cast<double>(kLayer + kLayerCache);
  CHECK(*estimate.decode->host_seconds == doctest::Approx((layers + 8192) / 80e9).epsilon(1e-12));
  CHECK(*estimate.prefill->host_seconds == doctest::Approx((layers + 8192.0 * 8192) / 80e9).epsilon(1e-12));
  const double device = static_cast<double>(19 * (kLayer + kLayerCache) + kHead);
  const double bandwidth = setup.settings.gpu->bandwidth_bytes_per_s.to_double();
  CHECK(estimate.decode->seconds == doctest::Approx((layers + 8192) / 80e9 + device / bandwidth).epsilon(1e-12));
  CHECK(estimate.decode->bound() == "memory");

  // A step of one token reads 8 of 128 experts.
  Setup experts = placed(load_model("qwen3-30b-a3b"), "llama.cpp:n_cpu_moe=20", "F16");
  experts.settings.host_bandwidth = Count{80'000'000'000};
  const DeploymentEstimate sparse = Deployment(experts).at(4096, 1);
  CHECK(*sparse.decode->host_seconds ==
        doctest::Approx((20.0 * 8 * 3 * 2048 * 768 * 2 + 2 * 2048) / 80e9).epsilon(1e-12));

  Setup cache = placed(model, "llama.cpp:kv_offload=0", "F16");
  cache.settings.host_bandwidth = Count{80'000'000'000};
  CHECK(*Deployment(cache).at(8192, 1).decode->host_seconds ==
        doctest::Approx((32.0 * static_cast<double>(kLayerCache) + 8192) / 80e9).epsilon(1e-12));
}

TEST_CASE("the compute buffer: logits and residual stream, or the mask, or without flash attention all scores") {
  const Model model = load_model("meta-llama-3-8b");
  struct Row {
    const char* settings;
    std::uint64_t context, bytes;
  };
  const Row rows[] = {
      {"flash=1", 8192, 512ULL * (128256 + 2 * 4096) * 4},  // "compute buffer size = 266.50 MiB"
      {"ubatch=128", 8192, 128ULL * (128256 + 2 * 4096) * 4},
      {"flash=1", 100, 100ULL * (128256 + 2 * 4096) * 4},  // a batch is no longer than the context
      {"flash=1", 524288, 512ULL * 524288 * 2},
      {"flash=0", 8192, 32ULL * 8192 * 512 * 4},
      {"flash=0", 32768, 32ULL * 32768 * 512 * 4},  // 2 GiB
      {"flash=0", 1000, 512ULL * (128256 + 2 * 4096) * 4},
      {"ngl=0", 8192, 512ULL * 2 * 4096 * 4},  // the head is not there
  };
  for (const Row& row : rows) {
    CAPTURE(row.settings);
    CAPTURE(row.context);
    const DeploymentEstimate estimate = at(model, "llama.cpp:" + std::string(row.settings), "F16", Count{row.context});
    CHECK(estimate.devices[0].has_compute_buffer);
    CHECK(estimate.devices[0].activations == Count{row.bytes});
  }
  CHECK(mib(at(model, "llama.cpp", "F16", 8192).devices[0].activations) == "266.50");
  CHECK_FALSE(at(model, "ideal", "F16", 8192).devices[0].has_compute_buffer);
  Setup small = placed(model, "llama.cpp", "F16");
  small.settings.gpu->memory_reported_mib = Count{(32 * kLayer + kHead) >> 20} + 200;
  CHECK(Deployment(small).at(8192, 1).limit == "compute_buffer");

  Setup quantised = placed(model, "llama.cpp:flash=0", "F16");
  quantised.workload.kv = parse_kv_precision("q8_0", "test");
  CHECK_THROWS_WITH_AS(Deployment(quantised).at(1, 1),
                       doctest::Contains("without flash attention V cannot be quantised"), InputError);
}

TEST_CASE("settings that take a word beside a number, or several numbers, say so") {
  CHECK(parse_engine("llama.cpp:ngl=all").word("ngl") == "all");
  CHECK(parse_engine("llama.cpp:ngl=7,n_cpu_moe=all").number("ngl") == Count{7});
  CHECK(parse_engine("llama.cpp").word("split").empty());
  CHECK_THROWS_WITH_AS(parse_engine("llama.cpp:ngl=-1"),
                       "engine: ngl: expected an integer of at least 0, or all, found \"-1\"", InputError);
  for (const char* split : {"3+", "+1", "a+b", "3,1", "", "3 +1"}) {
    CHECK_THROWS_AS(parse_engine("llama.cpp:split=" + std::string(split)), InputError);
  }
  CHECK_THROWS_WITH_AS(parse_engine("llama.cpp:split=x"),
                       "engine: split: expected integers of at least 0 joined by '+', found \"x\"", InputError);
}

TEST_CASE("a draft and a projector take memory beside the model: the draft with its cache, split as the model is") {
  const Model model = load_model("meta-llama-3-8b");
  // Llama-3.2-1B: 16 layers of 2048 x (2 x 2048 + 2 x 512 + 3 x 8192), all in bf16 as its
  // checkpoint is, its tied matrix on the device as the head.
  constexpr std::uint64_t kDraftLayer = 2ULL * 2048 * (2 * 2048 + 2 * 512 + 3 * 8192) + 2ULL * 2048 * 2;
  constexpr std::uint64_t kDraftTokens = 2ULL * 128256 * 2048;
  constexpr std::uint64_t kDraftHead = kDraftTokens + 2048 * 2;
  constexpr std::uint64_t kDraftCache = 2ULL * 8 * 64 * 2 * 8192;
  const auto with = [&](const std::string& engine, std::uint32_t devices) {
    Setup setup = placed(model, engine, "F16", devices);
    setup.companions = load_companions(setup.engine);
    return Deployment(setup).at(8192, 1);
  };
  const DeploymentEstimate one = with("llama.cpp:ngl=20,draft=llama-3.2-1b,mmproj=qwen3-0.6b", 1);
  const Count projector = *Estimator(load_model("qwen3-0.6b"), {}).at(1, 1).count(Metric::weights_bytes);
  CHECK(one.devices[0].weights == Count{19 * kLayer + kHead + 16 * kDraftLayer + kDraftHead} + projector);
  CHECK(one.devices[0].kv_reserved == Count{19 * kLayerCache + 16 * kDraftCache});
  CHECK(one.host->weights == Count{13 * kLayer + kEmbedding + kDraftTokens});
  CHECK(one.host->kv_reserved == Count{13 * kLayerCache});

  // 17 slots of the draft on two devices: 9 layers, then 7 and the head.
  const DeploymentEstimate two = with("llama.cpp:draft=llama-3.2-1b", 2);
  CHECK(two.devices[0].weights == Count{17 * kLayer + 9 * kDraftLayer});
  CHECK(two.devices[1].weights == Count{15 * kLayer + kHead + 7 * kDraftLayer + kDraftHead});
  CHECK(two.devices[1].kv_reserved == Count{15 * kLayerCache + 7 * kDraftCache});

  CHECK_THROWS_WITH_AS(Deployment(placed(model, "llama.cpp:draft=llama-3.2-1b", "F16")),
                       doctest::Contains("draft: nothing was loaded for it"), InputError);
  CHECK_THROWS_AS(load_companions(parse_engine("llama.cpp:draft=no-such-model")), InputError);
  CHECK_THROWS_AS(load_companions(parse_engine("llama.cpp:mmproj=/no/such.gguf")), InputError);
  CHECK_THROWS_AS(parse_engine("llama.cpp:draft="), InputError);
}
