// Exact search: solve equals a brute-force scan, and its answer is proven on both sides.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

/// Random small models of every cache shape, with a fixed seed.
class Models {
 public:
  Model next() {
    static constexpr const char* kMixers[] = {
        R"("full")",
        R"({"kind": "sliding_window", "window": 24})",
        R"({"kind": "chunked", "chunk": 17})",
        R"({"kind": "sink_window", "sinks": 2, "window": 9})",
        R"({"kind": "mamba2", "state": 8, "head_dim": 8, "inner": 64})",
        R"({"kind": "native_sparse", "compress_block": 8, "compress_stride": 4, "select_block": 8, "select_count": 2,
            "window": 16})",
        R"({"kind": "latent", "kv_rank": 32, "rope_dim": 8})",
    };
    const int kv_heads = 1 << pick(0, 2);
    const int heads = kv_heads << pick(0, 2);
    const std::string first = mixer(kMixers[pick(0, 6)]);
    const std::string second = mixer(kMixers[pick(0, 6)]);
    const std::string text = R"({"layers": )" + std::to_string(pick(1, 9)) + R"(, "heads": )" + std::to_string(heads) +
                             R"(, "kv_heads": )" + std::to_string(kv_heads) +
                             R"(, "d_k": 32, "d_model": 64, "d_ff": 96, "vocab": 300, "precision": "bf16",
                               "pattern": [{"repeat": )" +
                             std::to_string(pick(1, 3)) + ", \"attention\": " + first + "}, {\"attention\": " + second +
                             "}]" + (pick(0, 3) == 0 ? R"(, "positions": {"encoding": "learned", "rows": 60})" : "") +
                             "}";
    CAPTURE(text);
    return parse_model(text, "random.json");
  }
  int pick(int least, int most) { return std::uniform_int_distribution<int>(least, most)(engine_); }

 private:
  static std::string mixer(std::string text) { return text[0] == '"' ? "{\"kind\": " + text + "}" : text; }
  std::mt19937 engine_{20'260'817};
};

/// A card of that much memory.
Accelerator card_of(Count bytes) {
  Accelerator card;
  card.id = "card";
  card.memory_bytes = bytes;
  card.bandwidth_bytes_per_s = 1000;
  card.peak_dense_flops = {{"bf16", 1000}};
  return card;
}

}  // namespace

TEST_CASE("the longest context and the largest batch equal a scan, and one more does not fit") {
  Models models;
  std::size_t bounded = 0;
  for (int round = 0; round < 80; ++round) {
    const Model model = models.next();
    Setup setup{model, {}, parse_engine(round % 4 == 3 ? "llama.cpp" : "ideal"), {}};
    if (round % 5 == 0) setup.workload.kv = parse_kv_precision("kivi:residual=32", "test");
    try {
      setup.settings.parallelism.tensor = models.pick(1, 2);
      const Count batch = models.pick(1, 4);
      // A card that holds the model and some of its cache.
      const Deployment measure(setup);
      const DeploymentEstimate least = measure.at(1, 1);
      const Count most = *measure.at(models.pick(1, 400), batch).count(Metric::device_bytes);
      setup.settings.gpu = card_of(max(most, *least.count(Metric::device_bytes)) + models.pick(0, 5000));
      const Deployment deployment(setup);

      const LargestFit context = max_context(deployment, batch);
      Count longest;
      for (Count n = 1; n <= Count{700}; n += 1) {
        if (deployment.fits(n, batch)) longest = n;
      }
      if (longest < Count{700}) {
        ++bounded;
        CHECK(context.value.value_or(0) == longest);
        CHECK_FALSE(context.unbounded);
        CHECK_FALSE(deployment.at(longest + 1, batch).fits);
        CHECK_FALSE(context.limit.empty());
        if (longest > 0) CHECK(deployment.at(longest, batch).fits);
      } else {
        CHECK((context.unbounded || *context.value >= longest));
      }

      const LargestFit sequences = max_batch(deployment, 10);
      Count largest;
      for (Count b = 1; b <= Count{300}; b += 1) {
        if (deployment.fits(10, b)) largest = b;
      }
      if (largest < Count{300}) CHECK(sequences.value.value_or(0) == largest);
    } catch (const InputError&) {
      continue;  // an engine that has no such layers, types or splits
    }
  }
  CHECK(bounded > 25);  // most rounds have an answer to compare
}

TEST_CASE("the longest context within the window is that of the whole search, cut at the window") {
  int by_window = 0, by_memory = 0;
  for (const char* const name : {"llama-3.1-8b", "gemma-3-27b-it", "qwen3-32b", "mistral-7b-v0.1", "gpt2", "phi-4"}) {
    for (const char* const gpu : {"h100-sxm-80gb", "rtx-3090-24gb"}) {
      for (const char* const kv : {"bf16", "kivi2"}) {
        CAPTURE(name);
        CAPTURE(gpu);
        CAPTURE(kv);
        Setup setup{load_model(name), {}, ideal_engine(), {}};
        setup.settings.gpu = load_accelerator(gpu);
        setup.workload.kv = parse_kv_precision(kv, "test");
        const Deployment deployment(setup);
        const LargestFit within = max_context(deployment, 2);
        const LargestFit searched = within_window(deployment, max_context_memory(deployment, 2));
        CHECK(within.value == searched.value);
        CHECK(within.limit == searched.limit);
        CHECK(within.unbounded == searched.unbounded);
        (within.limit == "window" ? by_window : by_memory) += 1;
      }
    }
  }
  CHECK(by_window > 5);
  CHECK(by_memory > 5);
}

TEST_CASE("the longest context of published models is held, and one token more is not") {
  int bounded = 0;
  for (const char* const name :
       {"llama-3.1-8b", "gemma-3-27b-it", "gpt-oss-20b", "phi-4", "qwen3-30b-a3b", "jamba-v0.1", "deepseek-v2-lite"}) {
    for (const char* const engine : {"ideal", "vllm", "sglang", "llama.cpp"}) {
      for (const Count batch : {Count{1}, Count{7}}) {
        CAPTURE(name);
        CAPTURE(engine);
        Setup setup{load_model(name), {}, parse_engine(engine), {}};
        setup.settings.gpu = load_accelerator("rtx-5090-32gb");
        setup.settings.beyond_window = true;
        setup.workload.weights = parse_weight_scheme(std::string_view(engine) == "llama.cpp" ? "Q4_0" : "int4", "test");
        try {
          const Deployment deployment(setup);
          const LargestFit longest = max_context(deployment, batch);
          if (!longest.value || longest.limit == "engine") continue;
          ++bounded;
          CHECK(deployment.holds(*longest.value, batch));
          CHECK_FALSE(deployment.holds(*longest.value + 1, batch));
          CHECK(longest.limit == deployment.held(*longest.value + 1, batch).limit);
          if (std::string_view(engine) == "ideal") {
            CHECK(deployment.held(*longest.value, batch).free_bytes >= 0);
            CHECK(deployment.held(*longest.value + 1, batch).free_bytes < 0);
          }
        } catch (const InputError&) {
          continue;  // an engine that has no such layers or types
        }
      }
    }
  }
  CHECK(bounded > 20);
}

TEST_CASE("Llama 3.1 8B on an H100: the longest context by hand") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  const LargestFit most = max_context_memory(Deployment(setup), 1);
  // Memory less weights and activations, over 131,072 bytes a token.
  const Count rest = Count{81559} * Count{1 << 20} - 16'060'522'496 - (2048 * 36864 * 2 + 128256 * 4);
  CHECK(most.value == rest / 131'072);
  CHECK(most.limit == "kv_cache");
  // Within the window that llama3 scaling reaches, unless that is lifted.
  const LargestFit within = max_context(Deployment(setup), 1);
  CHECK(within.value == Count{131'072});
  CHECK(within.limit == "window");
  CHECK(bound_of(within) == "window");
  setup.settings.beyond_window = true;
  CHECK(max_context(Deployment(setup), 1).value == most.value);
  CHECK(bound_of(most) == "memory");
}

TEST_CASE("a context beyond the window does not fit, whatever the memory, unless it is asked for") {
  const Model model = load_model("llama-2-7b");  // trained for 4,096 tokens, no scaling
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  for (const bool beyond : {false, true}) {
    setup.settings.beyond_window = beyond;
    const Deployment deployment(setup);
    CHECK(deployment.fits(4096, 1));
    CHECK(deployment.fits(4097, 1) == beyond);
    CHECK(deployment.holds(4097, 1));
    CHECK(deployment.at(4097, 1).limit == (beyond ? "" : "window"));
    CHECK(deployment.at(4097, 1).fits == beyond);
    CHECK(max_batch(deployment, 4097).value.has_value() == beyond);
    CHECK(max_batch_memory(deployment, 4097).value.has_value());
    CHECK(min_gpus(setup, 4097, 1).gpus.has_value() == beyond);
  }
}

TEST_CASE("a refusal ends a search where nobody asked for that point") {
  const Model model = load_model("llama-3.2-1b");
  Setup setup{model, {}, parse_engine("llama.cpp"), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  const LargestFit most = max_batch(Deployment(setup), 4096);
  CHECK(most.value == Count{256});  // llama.cpp LLAMA_MAX_SEQ
  CHECK(most.limit == "engine");
  CHECK(most.refusal.find("at most 256 sequences") != std::string::npos);
}

TEST_CASE("an overflow ends a search: nothing bounds it where memory never binds") {
  const Model model = parse_model(
      R"({"layers": 2, "heads": 4, "d_k": 64, "d_model": 256, "d_ff": 512, "vocab": 1000,
          "attention": {"kind": "bidirectional"}})",
      "encoder.json");
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  const Deployment deployment(setup);
  for (const Count batch : {Count{1}, Count{2048}}) {
    const LargestFit most = max_context(deployment, batch);
    CHECK(most.unbounded);
    CHECK_FALSE(most.value);
    CHECK(bound_of(most) == "");
  }
  CHECK_THROWS_AS(deployment.holds(Count{std::uint64_t{1} << 60}, 2048), OverflowError);
}

TEST_CASE("a card of exactly that many bytes holds it, one byte less does not") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup{model, {}, ideal_engine(), {}};
  const Count bytes = *Deployment(setup).at(5000, 3).count(Metric::device_bytes);
  setup.settings.gpu = card_of(bytes);
  CHECK(Deployment(setup).at(5000, 3).fits);
  CHECK(Deployment(setup).fits(5000, 3));
  CHECK(Deployment(setup).at(5000, 3).count(Metric::headroom_bytes) == Count{0});
  CHECK(max_context(Deployment(setup), 3).value == Count{5000});
  setup.settings.gpu = card_of(bytes - 1);
  const DeploymentEstimate estimate = Deployment(setup).at(5000, 3);
  CHECK_FALSE(estimate.fits);
  CHECK(std::get<Negative>(estimate[Metric::headroom_bytes]).magnitude == Count{1});
  CHECK(max_context(Deployment(setup), 3).value == Count{4999});
}

TEST_CASE(
    "a cache that packs groups needs less behind a group's end: the longest context is past the first that fails") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup{model, {}, ideal_engine(), {}};
  // Not a power of two, whose multiples bisection meets by chance.
  setup.workload.kv = parse_kv_precision("kivi:residual=96", "test");
  for (Count full = 2112; full <= Count{4032}; full += 96) {
    // Where a group of 96 is packed; the 95 before it in fp16 take more.
    setup.settings.gpu = card_of(*Deployment(setup).at(full, 1).count(Metric::device_bytes) + 1000);
    const Deployment deployment(setup);
    CHECK_FALSE(deployment.fits(full - 1, 1));
    Count longest;
    for (Count n = full; n <= full + 1000; n += 1) {
      if (deployment.fits(n, 1)) longest = n;
    }
    CHECK(longest >= full);
    CHECK(max_context(deployment, 1).value == longest);
  }
}

TEST_CASE("positions cap the context, a window without a cap is bounded by nothing") {
  const Model gpt2 = load_model("gpt2");
  Setup setup{gpt2, {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("h100-sxm-80gb");
  const LargestFit capped = max_context(Deployment(setup), 1);
  CHECK(capped.value == Count{1024});
  CHECK(capped.limit == "positions");
  const Model mamba = load_model("mamba-1.4b-hf");
  setup.model = mamba;
  const LargestFit endless = max_context(Deployment(setup), 1);
  CHECK(endless.unbounded);
  CHECK_FALSE(endless.value);
}

TEST_CASE("the fewest devices: one less does not hold it") {
  const Model model = load_model("llama-3.3-70b-instruct");
  for (const char* engine : {"ideal", "vllm"}) {
    Setup setup{model, {}, parse_engine(engine), {}};
    setup.settings.gpu = load_accelerator("h100-sxm-80gb");
    const FewestGpus fewest = min_gpus(setup, 32'768, 4);
    REQUIRE(fewest.gpus);
    for (Count ranks = 1; ranks <= *fewest.gpus; ranks += 1) {
      setup.settings.parallelism.tensor = ranks;
      if (64 % ranks.u64() != 0) {  // its query heads
        CHECK_THROWS_AS(Deployment{setup}, InputError);
      } else {
        CHECK(Deployment(setup).fits(32'768, 4) == (ranks == *fewest.gpus));
      }
    }
  }
}

TEST_CASE("no degree is enough: the largest one is named") {
  const Model model = load_model("llama-3.1-405b");
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("t4-16gb");
  setup.settings.beyond_window = true;
  const FewestGpus fewest = min_gpus(setup, 1'048'576, 64);
  CHECK_FALSE(fewest.gpus);
  CHECK(fewest.parallelism.tensor == Count{128});
}

TEST_CASE("degrees that do not divide the heads are refused before anything is split, and 1,024 are the most") {
  const auto setup = [](const std::string& heads) {
    Setup asked;
    asked.model = std::make_shared<const Model>(
        parse_model(R"({"layers": 1, "heads": )" + heads +
                        R"(, "kv_heads": 1, "d_k": 2, "d_model": 1000, "d_ff": 64, "vocab": 64, "precision": "bf16"})",
                    "wide.json"));
    asked.settings.gpu = card_of(16);
    return asked;
  };
  // Of 1 to 24 these divide 24: 1, 2, 3, 4, 6, 8, 12, 24.
  const FewestGpus of_24 = min_gpus(setup("24"), 8, 1);
  CHECK(of_24.gpus == std::nullopt);
  CHECK(of_24.parallelism.tensor == Count{24});
  CHECK(of_24.refused.size() == 24 - 8);
  // 10^8 = 2^8 5^8: up to 1,024 its divisors are 2^a 5^b; the largest is 1,000 = 2^3 5^3.
  CHECK(most_ranks(setup("100000000")) == Count{1024});
  const FewestGpus of_many = min_gpus(setup("100000000"), 8, 1);
  CHECK(of_many.gpus == std::nullopt);
  CHECK(of_many.parallelism.tensor == Count{1000});
}

TEST_CASE("one metric is what all of them say of it") {
  Models models;
  for (int i = 0; i < 20; ++i) {
    Setup setup;
    setup.model = std::make_shared<const Model>(models.next());
    setup.settings.gpu = card_of(1 << 20);
    const Deployment deployment(setup);
    const DeploymentEstimate all = deployment.at(50, 2);
    for (const auto table : {metrics(), device_metrics()}) {
      for (const MetricInfo& row : table) {
        CAPTURE(row.name);
        CHECK(deployment.metric(row.metric, 50, 2) == all[row.metric]);
      }
    }
    for (const Count n : {Count{1}, Count{7}, Count{8}, Count{9}, Count{17}, Count{40}, Count{59}}) {
      CHECK(deployment.estimator().decode_cache_bytes(n, 3) == deployment.estimator().decode_step(n, 3).cache_bytes);
    }
  }
}

TEST_CASE("the widest types that fit: what is wider does not, none is wider than the model's own") {
  const Model model = load_model("llama-3.1-8b");
  Setup setup{model, {}, ideal_engine(), {}};
  setup.settings.gpu = load_accelerator("rtx-4090-24gb");
  for (const Count context : {Count{1024}, Count{65'536}, Count{131'072}}) {
    const auto choices = kv_precision_choices(setup, context, 1);
    CHECK(choices.front().type.name() == "bf16");
    for (std::size_t i = 1; i < choices.size(); ++i) {
      CHECK(choices[i].bytes <= choices[i - 1].bytes);
      CHECK(choices[i].fits >= choices[i - 1].fits);
    }
  }
  const auto weights = weight_choices(setup, 131'072, 1);
  CHECK(weights.front().type.of_model());
  CHECK_FALSE(weights.front().fits);
  setup.engine = parse_engine("llama.cpp");
  bool found = false;
  for (const auto& choice : weight_choices(setup, 8192, 1)) found = found || choice.type.name() == "Q4_K_M";
  CHECK(found);
}

TEST_CASE("no cache type that engines do not keep on the card is an answer") {
  const Model model = load_model("llama-3.1-8b");
  const auto offered = [&](const char* gpu, const char* engine) {
    Setup setup{model, {}, parse_engine(engine), {}};
    setup.settings.gpu = load_accelerator(gpu);
    std::vector<std::string> names;
    for (const auto& choice : kv_precision_choices(setup, 8192, 1)) names.push_back(choice.type.name());
    return names;
  };
  using Names = std::vector<std::string>;
  // Widest first: 16 bits; 8 bits and a scale a row of 128 (132), 34 bytes for 32; 8 bits; 24, 22, 20 and 18 bytes
  // for 32.
  CHECK(offered("t4-16gb", "vllm") == Names{"bf16", "fp16", "int8_per_token_head"});
  CHECK(offered("l40s-48gb", "vllm") == Names{"bf16", "fp16", "fp8_per_token_head", "int8_per_token_head", "fp8"});
  CHECK(offered("b200-sxm-180gb", "vllm") ==
        Names{"bf16", "fp16", "fp8_per_token_head", "int8_per_token_head", "fp8", "nvfp4"});
  CHECK(offered("t4-16gb", "llama.cpp") == Names{"bf16", "fp16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"});
  CHECK(offered("b200-sxm-180gb", "sglang") == Names{"bf16", "fp16", "fp8", "nvfp4"});
  CHECK(offered("t4-16gb", "tensorrt-llm") == Names{"bf16", "fp16", "int8"});
  CHECK(offered("t4-16gb", "mlx") == Names{"bf16", "fp16"});
  CHECK(offered("l40s-48gb", "ideal") == Names{"bf16", "fp16", "q8_0", "fp8_per_token_head", "int8_per_token_head",
                                               "fp8", "int8", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"});
}

TEST_CASE("the weights that people use are called as the engine's files call them") {
  CHECK(usual_weights(*parse_engine("llama.cpp").engine)[1] == "Q8_0");
  CHECK(usual_weights(*parse_engine("vllm").engine)[2] == "int4");
}

TEST_CASE("the fewest GPUs of a runtime that spreads layers are the first number of them that fits") {
  Models models;
  int found = 0;
  for (int i = 0; i < 40; ++i) {
    Setup setup{models.next(), {}, parse_engine("llama.cpp"), {}};
    const Count context = models.pick(1, 59);
    for (const std::uint64_t bytes : {60'000ULL, 150'000ULL, 300'000ULL, 600'000ULL, 2'000'000ULL}) {
      setup.settings.gpu = card_of(bytes);
      setup.settings.utilization = parse_fraction("1", "utilization");
      CAPTURE(i);
      CAPTURE(bytes);
      std::optional<Count> first;
      bool refused = false;
      for (Count ranks = 1; ranks <= setup.model->layers() && !first; ranks += 1) {
        Setup candidate = setup;
        candidate.settings.parallelism.pipeline = ranks;
        try {
          if (Deployment(candidate).fits(context, 1)) first = ranks;
        } catch (const InputError&) {
          refused = true;
        }
      }
      if (refused) continue;
      const FewestGpus fewest = min_gpus(setup, context, 1);
      CHECK(fewest.gpus == first);
      found += first && *first > 2 ? 1 : 0;
    }
  }
  CHECK(found >= 5);
}
