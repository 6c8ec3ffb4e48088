// Models on devices: memory by part, splits, roofline bounds, what fits beside the rest.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/fullest_device.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/catalogue.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "deployment/rank_weights.h"

using namespace ctxcost;

namespace {

Setup setup_of(const Model& model, std::string_view gpu, std::string_view parallel = {},
               std::string_view engine = "ideal") {
  Setup setup{model, {}, parse_engine(engine), {}};
  setup.workload.convention = causal_convention();
  if (!gpu.empty()) setup.settings.gpu = load_accelerator(gpu);
  if (!parallel.empty()) setup.settings.parallelism = parse_parallelism(parallel);
  return setup;
}

double real(const DeploymentEstimate& estimate, Metric metric) { return std::get<double>(estimate[metric]); }

}  // namespace

TEST_CASE("Llama 3.1 8B at 8,192 tokens on an H100: the roofline of docs/cost-model.md section 14") {
  const Model model = load_model("llama-3.1-8b");
  const Deployment deployment(setup_of(model, "h100-sxm-80gb"));
  const DeploymentEstimate estimate = deployment.at(8192, 1);

  // 15,009,849,344 of weights, one embedding row, 8,192 tokens of 131,072 bytes.
  CHECK(estimate.count(Metric::decode_bytes) == Count{16'083'599'360});
  CHECK(real(estimate, Metric::decode_seconds_per_token) == doctest::Approx(16'083'599'360 / 3.35e12).epsilon(1e-12));
  CHECK(real(estimate, Metric::decode_tokens_per_second) == doctest::Approx(3.35e12 / 16'083'599'360).epsilon(1e-12));
  CHECK(estimate.decode->bound() == "memory");
  CHECK(estimate.decode->compute_seconds == doctest::Approx(19'304'284'160 / 989.5e12).epsilon(1e-12));
  CHECK(estimate.count(Metric::forward_flops) == Count{131'944'593'489'920});
  CHECK(real(estimate, Metric::prefill_seconds) == doctest::Approx(131'944'593'489'920 / 989.5e12).epsilon(1e-12));
  CHECK(estimate.prefill->bound() == "compute");
  CHECK(estimate.prefill->interconnect_seconds == 0.0);
  CHECK(estimate.count(Metric::critical_batch) == Count{296});
  CHECK(estimate.count(Metric::kv_equals_weights_context) == Count{114'517});

  // The parts: 2 bytes a parameter; the cache; 8192 -> 2048 tokens of (2*4096 + 2*14336) in bf16 and 128,256 logits.
  REQUIRE(estimate.devices.size() == 1);
  CHECK(estimate.devices[0].weights == Count{16'060'522'496});
  CHECK(estimate.devices[0].kv_reserved == Count{1'073'741'824});
  CHECK(estimate.devices[0].activations == Count{2048 * 36864 * 2 + 128256 * 4});
  const Count bytes = 16'060'522'496 + 1'073'741'824 + 2048 * 36864 * 2 + 128256 * 4;
  CHECK(estimate.count(Metric::device_bytes) == bytes);
  CHECK(estimate.count(Metric::total_bytes) == bytes);
  CHECK(estimate.capacity == Count{81559} * Count{1 << 20});
  CHECK(estimate.count(Metric::headroom_bytes) == Count{81559} * Count{1 << 20} - bytes);
  CHECK(estimate.fits);
  CHECK(estimate.limit == "");
  const Count available = Count{81559} * Count{1 << 20} - (bytes - 1'073'741'824);
  CHECK(estimate.count(Metric::kv_capacity_tokens) == available / 131'072);
}

TEST_CASE("measured efficiencies divide peak and bandwidth") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup = setup_of(model, "h100-sxm-80gb");
  setup.settings.mfu = parse_fraction("0.5", "--mfu");
  setup.settings.mbu = parse_fraction("0.7", "--mbu");
  const DeploymentEstimate estimate = Deployment(setup).at(8192, 1);
  // 16,083,599,360 bytes at 0.7 of 3.35 TB/s; 131,944,593,489,920 FLOPs at half of 989.5 TFLOP/s.
  CHECK(real(estimate, Metric::decode_seconds_per_token) == doctest::Approx(0.006859).epsilon(1e-4));
  CHECK(real(estimate, Metric::prefill_seconds) == doctest::Approx(0.2667).epsilon(1e-3));
  // 15,009,849,344 + 8,192 b bytes against 15,009,316,864 b FLOPs at 494.75e12 / 2.345e12 FLOP/B.
  CHECK(estimate.count(Metric::critical_batch) == Count{211 + 1});
}

TEST_CASE("KV heads of a tensor rank: the replication rules of docs/cost-model.md section 13") {
  struct Row {
    int heads, kv_heads, ranks;
    int replication;  // ranks * heads of a rank / heads of the model
  };
  for (const Row& row :
       {Row{32, 8, 8, 1}, Row{32, 8, 16, 2}, Row{32, 1, 8, 8}, Row{32, 32, 4, 1}, Row{64, 4, 64, 16}}) {
    const auto& [heads, kv_heads, ranks, replication] = row;
    CAPTURE(row.ranks);
    const Model model = parse_model(R"({"layers": 2, "heads": )" + std::to_string(heads) + R"(, "kv_heads": )" +
                                        std::to_string(kv_heads) + R"(, "d_k": 64, "d_model": 256, "d_ff": 512,
                                        "vocab": 1024})",
                                    "test.json");
    const Deployment whole(setup_of(model, ""));
    const Deployment spread(setup_of(model, "", "tp=" + std::to_string(ranks)));
    const Count one = *whole.at(1000, 3).count(Metric::kv_cache_bytes);
    const DeploymentEstimate estimate = spread.at(1000, 3);
    CHECK(*estimate.count(Metric::device_kv_bytes) * ranks == one * replication);
  }
}

TEST_CASE("uneven heads: the largest rank holds the larger part") {
  // 10 KV heads of 4 query heads on 4 devices: 3, 3, 2, 2.
  const Model model = parse_model(R"({"layers": 3, "heads": 40, "kv_heads": 10, "d_k": 8, "d_model": 320,
                                      "d_ff": 400, "vocab": 1000, "precision": "fp16"})",
                                  "test.json");
  std::vector<Count> heads;
  for (const Rank& rank : split(model, parse_parallelism("tp=4"))) {
    heads.insert(heads.end(), static_cast<std::size_t>(rank.devices.u64()),
                 rank.model->groups[0].mixers[0]->shape().kv_heads);
  }
  CHECK(heads == std::vector<Count>{3, 3, 2, 2});
}

TEST_CASE("what no engine splits is refused in each of them") {
  const Model model = parse_model(R"({"layers": 3, "heads": 40, "kv_heads": 10, "d_k": 8, "d_model": 320,
                                      "d_ff": 400, "vocab": 1000, "precision": "fp16"})",
                                  "test.json");
  for (const char* engine : {"ideal", "vllm", "transformers", "llama.cpp"}) {
    CHECK_THROWS_WITH_AS(Deployment(setup_of(model, "", "tp=4", engine)),
                         "parallel: tp=4: of 10 KV heads and 4 devices neither divides the other (tp=2 or tp=5)",
                         InputError);
    CHECK_THROWS_WITH_AS(Deployment(setup_of(model, "", "tp=3", engine)),
                         "parallel: tp=3: 40 query heads do not divide by 3 (tp=2 or tp=5)", InputError);
    CHECK_NOTHROW(Deployment(setup_of(model, "", "tp=5", engine)));
    CHECK_NOTHROW(Deployment(setup_of(model, "", "tp=20", engine)));  // each KV head on two
  }
}

TEST_CASE("latent caches repeat on every tensor rank") {
  const Model model = load_model("deepseek-v3");
  const Count one = *Deployment(setup_of(model, "")).at(1000, 1).count(Metric::device_kv_bytes);
  CHECK(one == Count{70272 * 1000});
  CHECK(Deployment(setup_of(model, "", "tp=8")).at(1000, 1).count(Metric::device_kv_bytes) == one);
}

TEST_CASE("the devices of an even split hold the model's weights once, norms on every tensor rank") {
  struct Row {
    std::string model;
    std::string parallel;
    std::string weights;
  };
  for (const Row& row :
       {Row{"llama-3.1-8b", "tp=4", ""}, Row{"llama-3.1-8b", "pp=4", ""}, Row{"llama-3.1-8b", "tp=2,pp=2", "int4"},
        Row{"mixtral-8x7b-v0.1", "tp=8,ep=8", ""}, Row{"mixtral-8x7b-v0.1", "tp=4,ep=2", ""},
        Row{"llama-3.1-8b", "tp=2", "Q4_K_M"}, Row{"llama-3.1-8b", "pp=2", "Q4_K_M"}}) {
    const auto& [name, parallel, weights] = row;
    CAPTURE(row.model);
    CAPTURE(row.parallel);
    const Model model = load_model(name);
    Setup setup = setup_of(model, "", parallel);
    if (!weights.empty()) setup.workload.weights = parse_weight_scheme(weights, "test");
    const DeploymentEstimate estimate = Deployment(setup).at(1, 1);
    Count sum;
    for (const DeviceMemory& device : estimate.devices) sum += device.devices * *device.weights;
    // A layer's two norms of 4,096 and the last one, in bf16 (fp32 in GGUF files; int4 stores them in blocks, too); the
    // router of each layer is whole on every device.
    const Count ranks = setup.settings.parallelism.tensor;
    const bool moe = name.starts_with("mixtral");
    const Count vector_bytes = weights == "Q4_K_M" ? 4096 * 4 : weights == "int4" ? 4096 / 128 * 66 : 4096 * 2;
    // A GGUF file of Llama 3.1 has a table of 64 rotary frequencies, which every device needs.
    const Count table = weights == "Q4_K_M" ? Count{64 * 4} : Count{};
    const Count repeated = (ranks - 1) * (65 * vector_bytes + (moe ? 32 * 8 * 4096 * 2 : 0)) +
                           (setup.settings.parallelism.devices() - 1) * table;
    CHECK(sum == *estimate.count(Metric::weights_bytes) + repeated);
  }
}

TEST_CASE("pipeline stages hold their layers, the ends the embedding and the head") {
  const Model model = load_model("llama-3.1-8b");
  CHECK(stage_layers(32, 4) == std::vector<Count>{8, 8, 8, 8});
  CHECK(stage_layers(61, 4) == std::vector<Count>{15, 15, 16, 15});  // vLLM: the last but one first
  CHECK(stage_layers(62, 4) == std::vector<Count>{15, 16, 16, 15});
  const DeploymentEstimate estimate = Deployment(setup_of(model, "h100-sxm-80gb", "pp=4")).at(8192, 1);
  REQUIRE(estimate.devices.size() == 4);
  const Count layer = 218'112'000 * 2;  // parameters of a layer, bf16
  const Count table = 128256 * Count{4096} * 2;
  CHECK(estimate.devices[0].weights == 8 * layer + table);
  CHECK(estimate.devices[1].weights == 8 * layer);
  CHECK(estimate.devices[3].weights == 8 * layer + table + 4096 * 2);
  CHECK(estimate.largest == 3);
  for (const DeviceMemory& device : estimate.devices) CHECK(device.kv_reserved == Count{1'073'741'824 / 4});
  // Stages work one after another: all of the traffic at the bandwidth of one device.
  CHECK(real(estimate, Metric::decode_seconds_per_token) == doctest::Approx(16'083'599'360 / 3.35e12).epsilon(1e-12));
}

TEST_CASE("context parallelism divides tokens, data parallelism repeats") {
  const Model model = load_model("llama-3.1-8b");
  const DeploymentEstimate split = Deployment(setup_of(model, "h100-sxm-80gb", "cp=4")).at(8190, 1);
  CHECK(split.count(Metric::device_kv_bytes) == Count{2048 * 131'072});  // ceil(8190 / 4)
  CHECK(split.devices[0].weights == Count{16'060'522'496});
  const DeploymentEstimate data = Deployment(setup_of(model, "h100-sxm-80gb", "dp=3")).at(8192, 2);
  CHECK(data.count(Metric::device_kv_bytes) == Count{2 * 1'073'741'824ull});
  CHECK(data.count(Metric::total_bytes) == 3 * *data.count(Metric::device_bytes));
  const DeploymentEstimate one = Deployment(setup_of(model, "h100-sxm-80gb")).at(8192, 1);
  CHECK(real(split, Metric::prefill_seconds) < real(one, Metric::prefill_seconds) / 3.9);
}

TEST_CASE("experts are spread over devices, and read evenly") {
  const Model model = load_model("mixtral-8x7b-v0.1");
  // 32 layers of 8 experts of three matrices 4096 x 14336 in bf16; 2 work for a token.
  const Count expert = 3 * 4096 * Count{14336} * 2;
  const DeploymentEstimate whole = Deployment(setup_of(model, "h100-sxm-80gb")).at(100, 1);
  const DeploymentEstimate spread = Deployment(setup_of(model, "h100-sxm-80gb", "dp=8,ep=8")).at(100, 1);
  CHECK(*whole.devices[0].weights - *spread.devices[0].weights == 32 * 7 * expert);
  // Eight replicas choose 16 experts, 8 of which differ at most: each device reads its one; alone, two are read.
  CHECK(whole.decode->memory_seconds - spread.decode->memory_seconds ==
        doctest::Approx((32 * expert).to_double() / 3.35e12).epsilon(1e-9));
  // Work is conserved: eight replicas' tokens on eight devices.
  CHECK(whole.decode->compute_seconds == doctest::Approx(spread.decode->compute_seconds).epsilon(1e-12));
  CHECK(whole.prefill->compute_seconds == doctest::Approx(spread.prefill->compute_seconds).epsilon(1e-12));
}

TEST_CASE("a device reads whole experts") {
  const Model model = load_model("mixtral-8x7b-v0.1");
  const Count expert = 3 * 4096 * Count{14336} * 2;
  const DeploymentEstimate whole = Deployment(setup_of(model, "h100-sxm-80gb")).at(100, 1);
  const DeploymentEstimate spread = Deployment(setup_of(model, "h100-sxm-80gb", "dp=3,ep=3")).at(100, 1);
  // Three replicas choose 6 of 8 experts, so 2.25 of the 3 that the largest device holds: it reads 3, alone it reads 2.
  CHECK(spread.decode->memory_seconds - whole.decode->memory_seconds ==
        doctest::Approx((32 * expert).to_double() / 3.35e12).epsilon(1e-9));
}

TEST_CASE("a device's share of a tensor is rounded up to bytes") {
  const Model model =
      parse_model(R"({"layers": 1, "heads": 5, "d_k": 32, "d_model": 64, "d_ff": 48, "vocab": 100})", "m");
  const std::vector<StoredTensor> stored = parse_weight_scheme("q8_0", "--weights").store(model).value();
  Count wide, narrow;
  for (const Rank& rank : ctxcost::split(model, parse_parallelism("tp=5"))) {
    const Count inner = *rank.model->groups[0].feed_forward.d_ff;
    (inner == 10 ? wide : narrow) = RankShares(model, &stored).weights(rank).bytes;
  }
  // Of 48 rows of gate and up a device has 10 or 9, each of 2 blocks of 34 bytes; of the 64 x 2 blocks of down 10/48,
  // which are 906 2/3 bytes, or 9/48, which are 816. All else divides by 5.
  CHECK(wide - narrow == Count{2 * 2 * 34 + (907 - 816)});
}

TEST_CASE("shared experts are split over tensor ranks and stand on every expert rank") {
  const auto mixture = [](const std::string& keys) {
    return parse_model(R"({"layers": 2, "heads": 4, "d_k": 16, "d_model": 64, "vocab": 1000, "bias": true,
                           "experts": {"count": 8, "shared": 2, "d_ff": 32, )" +
                           keys + "}}",
                       "m.json");
  };
  const Model model = mixture(R"("active": 2)");
  // A rank of two: halves of Q, K, V (with their biases) and O, of the inner width of 10 experts and their biases, of
  // both tables; whole are router, norms, and the biases behind the split products.
  const DeploymentEstimate split = Deployment(setup_of(model, "h100-sxm-80gb", "tp=2")).at(1, 1);
  const Count expert = 3 * 64 * 16 + 16 + 16 + 64;
  CHECK(split.devices[0].weights ==
        Count{2 * (2 * (4 * 64 * 32 + 3 * 32 + 64 + 512 + 10 * expert + 2 * 64) + 2 * 500 * 64 + 64)});

  // Of two expert ranks each holds four experts, and both shared ones.
  const Rank rank = ctxcost::split(model, parse_parallelism("dp=2,ep=2")).front();
  const std::vector<StoredTensor> stored = parse_weight_scheme("bf16", "--weights").store(model).value();
  const RankWeights weights = RankShares(model, &stored).weights(rank);
  const Count whole = 3 * 64 * 32 + 32 + 32 + 64;
  const Count dense = 4 * 64 * 64 + 4 * 64 + 512 + 2 * whole + 2 * 64;
  CHECK(weights.bytes == 2 * (2 * (dense + 4 * whole) + 2 * 1000 * 64 + 64));
  // A step reads the shared ones whatever the batch, and of the embedding rows alone.
  CHECK(weights.decode_bytes == 2 * (2 * dense + 1000 * 64 + 64));
  CHECK(weights.experts.size() == 6);
  const FeedForwardWork work = RankShares(model, nullptr).feed_forward(rank);
  CHECK(work.dense_macs == Count{2 * (512 + 2 * 3 * 64 * 32)});
  CHECK(work.routed_macs == Count{2 * 3 * 64 * 32});  // two layers, half of two experts

  // Experts that all work for every token are spread none the less, and their work is conserved.
  const Model all = mixture(R"("active": 8)");
  const DeploymentEstimate alone = Deployment(setup_of(all, "h100-sxm-80gb")).at(100, 1);
  const DeploymentEstimate spread = Deployment(setup_of(all, "h100-sxm-80gb", "dp=2,ep=2")).at(100, 1);
  CHECK(*alone.devices[0].weights - *spread.devices[0].weights == 2 * 2 * 4 * whole);
  CHECK(alone.decode->compute_seconds == doctest::Approx(spread.decode->compute_seconds).epsilon(1e-12));
}

TEST_CASE("sums of tensor parallelism are a side of the bound, which is never added to another") {
  struct Row {
    const char* gpu;
    const char* split;
    const char* weights;
    double sums;   // of 4,096 elements a token
    double bytes;  // that a device sends of an element
    double link;
  };
  const Row rows[] = {
      // Two in each of 32 layers, in bf16: 7/8 of the parts, and its own as the result.
      {"h100-sxm-80gb", "tp=8", "bf16", 64, 2, 450e9},
      // The results are multiplied in 8 bits: 7/8 of two bytes and 1/8 of one.
      {"h100-sxm-80gb", "tp=8", "fp8", 64, 15.0 / 8, 450e9},
      // No peak in 8 bits: kernels unpack, and a sum stays in bf16.
      {"a100-sxm4-80gb", "tp=2", "fp8", 64, 2, 300e9},
      {"b200-sxm-180gb", "tp=2", "nvfp4", 64, 2.5 / 2, 900e9},
      // The stages come one after the other.
      {"h100-sxm-80gb", "tp=2,pp=2", "bf16", 64, 2, 450e9},
  };
  const Model model = load_model("llama-3.1-8b");
  for (const Row& row : rows) {
    CAPTURE(row.gpu);
    CAPTURE(row.weights);
    Setup setup = setup_of(model, row.gpu, row.split);
    setup.workload.weights = parse_weight_scheme(row.weights, "weights");
    const DeploymentEstimate estimate = Deployment(setup).at(8192, 4);
    const double each = row.sums * 4096 * row.bytes / row.link;
    CHECK(*estimate.decode->interconnect_seconds == doctest::Approx(each * 4).epsilon(1e-12));
    CHECK(*estimate.prefill->interconnect_seconds == doctest::Approx(each * 4 * 8192).epsilon(1e-12));
    if (std::string_view(row.split).find("pp") != std::string_view::npos) continue;
    for (const auto& time : {*estimate.prefill, *estimate.decode}) {
      CHECK(time.seconds == std::max({time.compute_seconds, time.memory_seconds, *time.interconnect_seconds}));
    }
  }
  // Over PCIe in 8 bits the sums take longest: 64 sums of 1.5 bytes an element at 31.5 GB/s.
  Setup pair = setup_of(model, "rtx-4090-24gb", "tp=2");
  pair.workload.weights = parse_weight_scheme("Q4_K_M", "weights");
  const PhaseTime prefill = *Deployment(pair).at(4096, 1).prefill;
  CHECK(prefill.bound() == "interconnect");
  CHECK(prefill.seconds == doctest::Approx(64.0 * 4096 * 4096 * 1.5 / 31.5e9).epsilon(1e-12));
  CHECK(prefill.compute_seconds < prefill.seconds);
}

TEST_CASE("vLLM's log: blocks that fit, tokens, concurrency") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup = setup_of(model, "", "", "vllm");
  setup.settings.kv_memory = Count{31232} * 131'072 + 131'071 * 16;  // less than one block more
  const DeploymentEstimate estimate = Deployment(setup).at(20'000, 1);
  CHECK(estimate.count(Metric::kv_capacity_tokens) == Count{31'232});
  CHECK(real(estimate, Metric::max_concurrency) == doctest::Approx(1952.0 / 1250).epsilon(1e-12));
  CHECK(estimate.fits);
  // 1,951 blocks are free where 1,952 are needed for 31,217 tokens.
  setup.settings.kv_memory = Count{31232} * 131'072 - 1;
  CHECK_FALSE(Deployment(setup).at(31'217, 1).fits);
  CHECK(Deployment(setup).at(31'216, 1).fits);
}

TEST_CASE("vLLM's tokens are its concurrency times n since 0.21, and its blocks before") {
  const Model model = load_model("llama-3.1-8b");
  const auto tokens = [&](const char* engine, const char* parallel) {
    Setup setup = setup_of(model, "", parallel, engine);
    setup.settings.kv_memory = Count{31232} * 131'072;
    return Deployment(setup).at(20'001, 1).count(Metric::kv_capacity_tokens);
  };
  // 1,952 blocks; 1,251 hold the request.
  CHECK(tokens("vllm", "") == Count{1952 * 20'001 / 1251});
  CHECK(tokens("vllm:tokens=new", "") == Count{1952 * 20'001 / 1251});
  CHECK(tokens("vllm:tokens=old", "") == Count{31'232});
  // Each device holds 10,001 of its tokens in 626 blocks.
  CHECK(tokens("vllm", "cp=2") == Count{1952 * 20'001 / 626});
  CHECK(tokens("vllm:tokens=old", "cp=2") == Count{2 * 31'232});

  // Nemotron 3 Nano on two devices: 222 blocks of 4,176 tokens for one group of attention and four of states.
  const Model nemotron = load_model("nvidia-nemotron-3-nano-30b-a3b-bf16");
  Setup setup = setup_of(nemotron, "", "tp=2", "vllm:prefix_cache=0,tokens=old");
  setup.workload.kv = parse_kv_precision("fp8", "test");
  setup.settings.kv_memory = Count{222 * 6} * 4176 * 256;
  const DeploymentEstimate estimate = Deployment(setup).at(131'072, 1);
  CHECK(estimate.count(Metric::kv_capacity_tokens) == Count{183'744});
  CHECK(real(estimate, Metric::max_concurrency) == doctest::Approx(222.0 / (32 + 4)).epsilon(1e-12));
}

TEST_CASE("the engine's notes are those of the device that reserves most") {
  // Four KV heads: on two devices page and state halve, on eight the state is an eighth and the page a quarter.
  const Model model = load_model("qwen3.5-27b");
  const auto notes = [&](const char* parallel) {
    return Deployment(setup_of(model, "", parallel, "vllm")).engine_notes(1000, 1);
  };
  // 3,207,168 bytes of state and 4,096 of a token; 400,896 and 1,024.
  CHECK(notes("tp=1").front() == "vLLM enlarges the block to 784 tokens, so that a page holds a state");
  CHECK(notes("tp=2").front() == "vLLM enlarges the block to 784 tokens, so that a page holds a state");
  CHECK(notes("tp=8").front() == "vLLM enlarges the block to 400 tokens, so that a page holds a state");
}

TEST_CASE("vLLM's log of a hybrid: groups share one pool") {
  // Gemma 3 27B: 62 layers in groups of 10, seven of them (the sliding ones padded to 60 slots).
  const Model model = load_model("gemma-3-27b-it");
  Setup setup = setup_of(model, "", "", "vllm:max_batched_tokens=8192,batches=1,tokens=old");
  const Count block = Count{10} * 16 * (2 * 16 * 128 * 2);
  setup.settings.kv_memory = 70'000 * block + block - 1;
  const DeploymentEstimate estimate = Deployment(setup).at(131'072, 1);
  CHECK(estimate.count(Metric::kv_capacity_tokens) == Count{70'000 / 7 * 16});
  // One group of full layers: 8,192 blocks; six of windows: ceil((1023 + 8192) / 16) + 1 = 577.
  CHECK(real(estimate, Metric::max_concurrency) == doctest::Approx(70'000.0 / (8192 + 6 * 577)).epsilon(1e-12));
  setup.engine = parse_engine("vllm:max_batched_tokens=8192,batches=1");
  CHECK(Deployment(setup).at(131'072, 1).count(Metric::kv_capacity_tokens) ==
        Count{70'000} * 131'072 / (8192 + 6 * 577));
}

TEST_CASE("vLLM takes 0.9 of a device unless told otherwise") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup = setup_of(model, "h100-sxm-80gb", "", "vllm");
  const Count memory = Count{81559} * Count{1 << 20};
  CHECK(Deployment(setup).capacity() == memory * 9 / 10);
  setup.settings.utilization = parse_fraction("0.95", "test");
  CHECK(Deployment(setup).capacity() == memory * 95 / 100);
}

TEST_CASE("what is impossible is refused with the reason") {
  const Model dense = load_model("llama-3.1-8b");
  const Model moe = load_model("mixtral-8x7b-v0.1");
  const Model t5 = load_model("t5-base");
  struct Row {
    const Model* model;
    const char* parallel;
    const char* message;
  };
  for (const auto& [model, parallel, message] :
       {Row{&dense, "tp=64", "parallel: tp=64: expected at most the 32 query heads"},
        Row{&dense, "pp=33", "parallel: pp=33: expected at most the 32 layers as stages"},
        Row{&dense, "ep=2", "parallel: ep=2: the model has no experts"},
        Row{&moe, "ep=16", "parallel: ep=16: expected at most the 8 experts"},
        Row{&moe, "tp=3,ep=2", "parallel: ep=2: expected a divisor or a multiple of tp*cp*dp = 3"},
        Row{&moe, "tp=3,ep=2,dp=2", "parallel: ep=2: expected a divisor or a multiple of tp=3"},
        Row{&t5, "pp=2", "parallel: pp of an encoder-decoder is not modelled (use tp)"}}) {
    CHECK_THROWS_WITH_AS(Deployment(setup_of(*model, "", parallel)), message, InputError);
  }
  for (const char* text : {"", "tp", "tp=", "tp=0", "tp=-1", "xp=2", "tp=2,tp=2", "tp=2,", "tp=70000"}) {
    CAPTURE(std::string(text));
    CHECK_THROWS_AS(parse_parallelism(text), InputError);
  }
  CHECK(parse_parallelism("pp=2,tp=4,dp=3").devices() == Count{24});
  CHECK(parse_parallelism("ep=8").devices() == Count{8});
  CHECK(parse_parallelism("tp=8,ep=8").devices() == Count{8});
  CHECK(parse_parallelism("pp=2,tp=4").name() == "tp=4,pp=2");
}

TEST_CASE("unknown weights: nothing is said to fit, the cache's own size can be asked") {
  const Model model = load_model("article-7b");
  CHECK_THROWS_AS(Deployment(setup_of(model, "h100-sxm-80gb")).fits(4096, 1), InputError);
  CHECK_THROWS_AS(Deployment(setup_of(model, "")).fits(4096, 1), InputError);
  Setup setup = setup_of(model, "");
  setup.settings.kv_memory = Count{524'288} * 4096;
  CHECK(Deployment(setup).fits(4096, 1));
  CHECK_FALSE(Deployment(setup).fits(4097, 1));
}

TEST_CASE("unified memory bounds the capacity unless a utilization is given") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup = setup_of(model, "m3-max-128gb");
  CHECK(Deployment(setup).capacity() == Count{103'079'215'104});                                       // 3/4 of 128 GiB
  CHECK(Deployment(setup_of(model, "m3-max-128gb", "", "vllm")).capacity() == Count{92'771'293'593});  // 9/10 of it
  setup.settings.utilization = Fraction{95, 100};
  CHECK(Deployment(setup).capacity() == Count{130'567'005'798});
}

TEST_CASE("tight: what fits with less than the margin of the usable memory left") {
  const Model model = load_model("llama-3.1-8b");
  // 24,564 MiB = 25,757,220,864 bytes; 16,060,522,496 of weights, 151,507,968 of activations, 131,072 a token.
  const auto verdict = [&](Count context, const Margin& margin, std::optional<Fraction> utilization = {}) {
    Setup setup = setup_of(model, "rtx-4090-24gb");
    setup.settings.margin = margin;
    setup.settings.utilization = utilization;
    return Deployment(setup).at(context, 1).verdict();
  };
  // 5 %: 1,287,861,043.2 bytes are to stay free.
  CHECK(verdict(62'998, {}) == "fits");
  CHECK(verdict(62'998 + 1, {}) == "tight");
  CHECK(verdict(62'998 + 1, {Fraction{4, 100}, {}}) == "fits");
  CHECK(verdict(72'824, {}) == "tight");
  CHECK(verdict(72'824, {Fraction{0, 100}, {}}) == "fits");
  CHECK(verdict(72'824, {{}, Count{0}}) == "fits");
  CHECK(verdict(72'825, {}) == "does not fit");
  CHECK(verdict(64'632, {{}, Count{1 << 30}}) == "fits");
  CHECK(verdict(64'632 + 1, {{}, Count{1 << 30}}) == "tight");
  // Usable is the memory, whatever the utilization: nine tenths leave a tenth.
  CHECK(verdict(50'000, {}, Fraction{90, 100}) == "fits");
  CHECK(verdict(50'000, {Fraction{15, 100}, {}}, Fraction{90, 100}) == "tight");
}

TEST_CASE("context parallelism leaves windows and states whole on every device") {
  // 32 layers of windows of 4,096 tokens, 4,096 bytes a token and layer.
  const Model windows = load_model("mistral-7b-v0.1");
  for (const char* split : {"cp=1", "cp=2", "cp=16"}) {
    CAPTURE(split);
    const DeploymentEstimate estimate = Deployment(setup_of(windows, "h100-sxm-80gb", split)).at(32'768, 1);
    CHECK(estimate.count(Metric::device_kv_bytes) == Count{536'870'912});
    // vLLM: ceil((4095 + 2 * 2048) / 16) + 1 = 513 blocks of 16 tokens.
    const Deployment reserved(setup_of(windows, "h100-sxm-80gb", split, "vllm:max_batched_tokens=2048"));
    CHECK(reserved.at(32'768, 1).count(Metric::device_kv_bytes) == Count{513 * 16 * 32 * 4096});
  }
  // 18 full layers and 18 windows of 128; 2,048 bytes a token and layer: full layers divide, windows do not.
  const Model mixed = load_model("gpt-oss-120b");
  CHECK(Deployment(setup_of(mixed, "h100-sxm-80gb", "cp=8")).at(131'072, 1).count(Metric::device_kv_bytes) ==
        18 * Count{2048} * (131'072 / 8 + 128));
  CHECK(Deployment(setup_of(mixed, "h100-sxm-80gb", "cp=4096")).at(131'072, 1).count(Metric::device_kv_bytes) ==
        18 * Count{2048} * (32 + 128));
  // Full attention under vLLM: ceil(ceil(n / c) / 16) blocks [FullAttentionSpec.max_memory_usage_bytes].
  const Model full = load_model("llama-3.1-8b");
  CHECK(Deployment(setup_of(full, "h100-sxm-80gb", "cp=3", "vllm")).at(100, 1).count(Metric::device_kv_bytes) ==
        Count{3 * 16 * 131'072});
  // A latent and its index: 61 layers of 576 elements in bf16, and index keys of 132 bytes.
  const Model latent = load_model("deepseek-v3.2");
  CHECK(Deployment(setup_of(latent, "h200-sxm-141gb", "cp=8")).at(131'072, 1).count(Metric::device_kv_bytes) ==
        61 * Count{131'072 / 8} * (1152 + 132));
  // Recurrent states: the same on every device.
  const Model states = load_model("mamba2-2.7b");
  CHECK(Deployment(setup_of(states, "h100-sxm-80gb", "cp=4")).at(8192, 1).count(Metric::device_kv_bytes) ==
        Deployment(setup_of(states, "h100-sxm-80gb")).at(8192, 1).count(Metric::device_kv_bytes));
}

TEST_CASE("notes: unified memory, cache types that engines do not keep there, and what is not counted") {
  const Model model = load_model("llama-3.1-8b");
  const auto has = [](const Setup& setup, std::string_view text) {
    for (const std::string& note : Deployment(setup).notes()) {
      if (note.find(text) != std::string::npos) return true;
    }
    return false;
  };
  Setup apple = setup_of(model, "m3-max-128gb");
  CHECK(has(apple, "the memory of m3-max-128gb is unified: a program may take 75% of it"));
  apple.settings.utilization = Fraction{95, 100};
  CHECK_FALSE(has(apple, "is unified"));

  Setup asked = setup_of(model, "l40s-48gb");
  asked.workload.kv = parse_kv_precision("nvfp4", "test");
  CHECK(has(asked, "engines do not keep a cache in nvfp4 on l40s-48gb"));
  asked.settings.gpu = load_accelerator("b200-sxm-180gb");
  CHECK_FALSE(has(asked, "engines do not keep"));
  asked.workload.kv = parse_kv_precision("int4", "test");
  CHECK(has(asked, "no engine keeps a cache in int4"));

  Setup vllm = setup_of(model, "h100-sxm-80gb", "", "vllm");
  CHECK(has(vllm,
            "not counted (overhead): CUDA graphs (0.1 to 6 GiB), the profiling peak and other allocations: public "
            "logs show 0.1 to 9 GiB per device besides weights and cache"));
  vllm.settings.overhead = Count{0};
  CHECK_FALSE(has(vllm, "not counted"));
  CHECK(has(setup_of(model, "h100-sxm-80gb", "", "llama.cpp"),
            "not counted (overhead): what a backend takes for itself"));
  CHECK_FALSE(has(setup_of(model, "h100-sxm-80gb"), "not counted"));
  CHECK(has(setup_of(model, "h100-sxm-80gb", "dp=2"), "dp=2: the batch is per replica"));
  CHECK(has(setup_of(model, "h100-sxm-80gb", "tp=16"), "tp=16: several devices hold copies of latent caches"));
  CHECK_FALSE(has(setup_of(model, "h100-sxm-80gb", "tp=8"), "caches with fewer heads than devices"));
}

// A device that holds the whole model is not summed by shares: the split into one part is, of every model.
TEST_CASE("metrics that are asked for alone are those of the whole answer") {
  struct Row {
    const char *model, *parallel, *engine;
  };
  const Row rows[] = {{"llama-3.1-8b", "", "ideal"},     {"gemma-3-27b-it", "tp=2", "vllm"},
                      {"deepseek-v3", "tp=8", "sglang"}, {"qwen3-30b-a3b", "pp=2", "llama.cpp"},
                      {"mamba-1.4b-hf", "", "ideal"},    {"t5-base", "", "ideal"}};
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Deployment deployment(setup_of(load_model(row.model), "h100-sxm-80gb", row.parallel, row.engine));
    for (const Count context : {Count{1}, Count{4096}, Count{std::uint64_t{1} << 33}}) {
      CAPTURE(to_string(context));
      const DeploymentEstimate all = deployment.at(context, 2);
      for (std::size_t m = 0; m < kMetricCount + kDeviceMetricCount; ++m) {
        const auto metric = static_cast<Metric>(m);
        CAPTURE(info(metric).name);
        const DeploymentEstimate alone = deployment.at(context, 2, {metric});
        CHECK(alone[metric] == all[metric]);
        CHECK(deployment.metric(metric, context, 2) == all[metric]);
        CHECK(alone.limit == all.limit);
        CHECK(alone.fits == all.fits);
        CHECK(alone.tight == all.tight);
      }
      if (all.limit != "window") CHECK(deployment.held(context, 2).limit == all.limit);
    }
  }
}

TEST_CASE("one device holds and reads what the only part of a split does") {
  for (const CatalogueEntry& entry : catalogue()) {
    CAPTURE(entry.id);
    const SharedModel model = load_model(entry.id);
    const Estimator estimator(model, Workload{});
    const std::optional<std::vector<StoredTensor>>& stored = estimator.stored_tensors();
    if (!stored) continue;
    const std::vector<Rank> parts = split(*model, Parallelism{});
    REQUIRE(parts.size() == 1);
    CHECK(parts.front().stage == Count{});
    CHECK(parts.front().is_last);
    CHECK(parts.front().devices == Count{1});
    const RankWeights whole = RankShares(*model, &*stored).weights({model, 0, true, 1});
    const RankWeights part = RankShares(*model, &*stored).weights(parts.front());
    CHECK(whole.bytes == part.bytes);
    CHECK(whole.prefill_bytes == part.prefill_bytes);
    CHECK(whole.decode_bytes == part.decode_bytes);
    CHECK(whole.prefill_row_bytes == part.prefill_row_bytes);
    CHECK(whole.decode_row_bytes == part.decode_row_bytes);
    Count whole_experts, part_experts;
    for (const HeldExperts& experts : whole.experts)
      whole_experts += experts.layers * experts.held * experts.bytes_each;
    for (const HeldExperts& experts : part.experts) part_experts += experts.layers * experts.held * experts.bytes_each;
    CHECK(whole_experts == part_experts);
    const auto at = [&](const SharedModel& counted) { return Estimator(counted, Workload{}).at(4096, 2); };
    for (const Metric metric :
         {Metric::kv_reserved_bytes, Metric::activation_bytes, Metric::forward_flops, Metric::decode_flops}) {
      CHECK(at(model).count(metric) == at(parts.front().model).count(metric));
    }
  }
}

TEST_CASE("the fullest device of a split model, in place of the whole model's bytes") {
  // 80 layers, 8 KV heads of 128 over 8 devices: 1 head each, keys and values of 2 bytes.
  const Count cache = Count{80} * 1 * 128 * 2 * 2 * 8192;
  const Setup setup = setup_of(load_model("llama-3.1-70b"), "", "tp=8", "vllm");
  const auto share = fullest_device(setup);
  CHECK(share->split() == "tp=8");
  CHECK(share->devices() == Count{8});
  EstimateDetails details;
  share->set(details, 8192, 1);
  const auto sum = [](const auto& parts) {
    Count total;
    for (const auto& part : parts) total += part.bytes;
    return total;
  };
  CHECK(sum(details.cache_parts) == cache);
  CHECK(sum(details.reserved_parts) == cache);  // whole blocks of 16 tokens
  CHECK(details.state_parts.empty());

  const Setup on_host = setup_of(load_model("llama-3.2-1b"), "", "pp=2", "llama.cpp:kv_offload=0");
  const FullestDevice device = Deployment(on_host).fullest(8192, 1);
  CHECK(device.kv_cache == Count{});
  CHECK(device.state == Count{});
}

TEST_CASE("tensor ranks hold equal parts of windows, whatever their remainders") {
  std::string pattern;
  for (int window = 100; window < 140; ++window) {
    pattern += pattern.empty() ? "" : ", ";
    pattern += R"({"attention": {"kind": "sliding_window", "window": )" + std::to_string(window) + "}}";
  }
  const std::string text = R"({"layers": 40, "heads": 32, "kv_heads": 8, "d_k": 16, "d_model": 512, "d_ff": 1024,
                              "vocab": 3200, "pattern": [)" +
                           pattern + "]}";
  const std::vector<Rank> ranks = ctxcost::split(parse_model(text, "m"), parse_parallelism("tp=32"));
  REQUIRE(ranks.size() == 1);
  CHECK(ranks[0].devices == 32);
  REQUIRE(ranks[0].model->groups.size() == 40);
  CHECK(ranks[0].model->groups[39].mixers[0]->shape().heads == 1);
}

TEST_CASE("every stage has the cache and the weights of its own layers") {
  for (const std::string_view name :
       {"gemma-3-27b-it", "gpt-oss-20b", "llama-4-scout-17b-16e-instruct", "jamba-v0.1"}) {
    CAPTURE(name);
    const Model model = load_model(name);
    for (const std::string_view engine : {"ideal", "vllm", "llama.cpp"}) {
      for (const std::string_view parallel : {"pp=2", "pp=5", "pp=8", "pp=12"}) {
        CAPTURE(engine);
        CAPTURE(parallel);
        const Setup setup = setup_of(model, "h100-sxm-80gb", parallel, engine);
        const Deployment deployment(setup);
        const DeploymentEstimate estimate = deployment.at(5000, 3);
        Count weights;
        for (const DeviceMemory& device : estimate.devices) weights += device.devices * device.weights.value();
        if (estimate.host) weights += estimate.host->weights.value();
        // Stages and the host hold every tensor once; a tied embedding is twice there.
        const Count tied = model.tied_embeddings ? *model.vocab * *model.d_model * 2 : Count{};
        CHECK(weights >= deployment.estimator().at(1, 1).count(Metric::weights_bytes).value());
        CHECK(weights <= deployment.estimator().at(1, 1).count(Metric::weights_bytes).value() + tied + 1'000'000);
        if (setup.engine.engine->place != nullptr) continue;  // the engine says what a stage holds
        const std::vector<Rank> ranks = ctxcost::split(model, parse_parallelism(parallel));
        REQUIRE(ranks.size() == estimate.devices.size());
        for (std::size_t i = 0; i < ranks.size(); ++i) {
          const Estimator alone(ranks[i].model, {}, setup.engine, 1, engine_device(setup.settings.gpu));
          CHECK(estimate.devices[i].kv_reserved == alone.at(5000, 3).count(Metric::kv_reserved_bytes));
          CHECK(estimate.devices[i].activations == alone.at(5000, 3).count(Metric::activation_bytes));
        }
      }
    }
  }
}

TEST_CASE("layers of many kinds are placed on devices up to limits of their own") {
  const auto model_of = [](int kinds, int layers) {
    std::string pattern;
    for (int window = 1; window <= kinds; ++window) {
      pattern += pattern.empty() ? "" : ", ";
      pattern += R"({"attention": {"kind": "sliding_window", "window": )" + std::to_string(window) + "}}";
    }
    return parse_model(R"({"heads": 4, "d_k": 16, "d_model": 64, "d_ff": 96, "vocab": 100, "layers": )" +
                           std::to_string(layers) + R"(, "pattern": [)" + pattern + "]}",
                       "m");
  };
  const auto fault_of = [](const Model& model) -> std::string {
    try {
      check_layers(model);
    } catch (const InputError& error) {
      return error.diagnostics().front().message;
    }
    return {};
  };
  CHECK(fault_of(model_of(32, 16'384)).empty());
  CHECK(fault_of(model_of(33, 2'048)).empty());
  CHECK(fault_of(model_of(33, 2'049)) ==
        "expected at most 2,048 layers of more than 32 kinds to place on devices, found 2,049");
  CHECK(fault_of(model_of(1'024, 1'024)).empty());
  CHECK(fault_of(model_of(1'025, 1'025)) == "expected at most 1,024 kinds of layers to place on devices, found 1,025");
}
