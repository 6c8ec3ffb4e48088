// Bounds on times: no public measurement is faster, and the peak is that of the type in which kernels multiply.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "accuracy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

enum class Phase { request, prefill, decode };

/// A throughput as published: tokens of the prompts in a prefill, else of the answers, a second and over all cards.
struct Measurement {
  Phase phase;
  const char* model;
  const char* gpu;
  const char* weights;
  const char* kv;  // "" = the model's
  Count batch;
  Count tokens;  // of the prompt, or cached before the decode step
  Count answer;  // of a request
  double tokens_per_second;
  const char* source;
};

// Requests of TensorRT-LLM: throughput of each GPU times the GPUs. Decode steps of llama.cpp with 128 tokens (tg128)
// are taken at the first.
constexpr Measurement kMeasurements[] = {
    {Phase::request, "gpt-j-6b", "a100-sxm4-80gb", "fp16", "fp16", 512, 128, 128, 6374.0,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, A100 FP16"},
    {Phase::request, "llama-2-70b-hf", "a100-sxm4-80gb:4", "fp16", "fp16", 120, 2048, 128, 316.0,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, A100 FP16"},
    {Phase::request, "llama-3.3-70b-instruct", "b200-sxm-180gb", "nvfp4", "fp8", 2048, 128, 128, 11253.28,
     "TensorRT-LLM 0.19.0 perf-overview, Llama 3.3 70B FP4, B200; batch not printed, taken large"},
    {Phase::request, "llama-3.3-70b-instruct", "b200-sxm-180gb:8", "nvfp4", "fp8", 4096, 128, 128, 27471.49,
     "TensorRT-LLM 0.19.0 perf-overview, Llama 3.3 70B FP4, B200; batch not printed, taken large"},
    {Phase::request, "gpt-j-6b", "h100-sxm-80gb", "fp8", "fp8", 1024, 128, 128, 26150.0,
     "NVIDIA/TensorRT-LLM @138f96d docs/source/performance.md (v0.6.1), H100 FP8"},
    {Phase::request, "llama-2-7b-hf", "h100-sxm-80gb", "fp8", "fp8", 48, 2048, 2048, 2740.0,
     "NVIDIA/TensorRT-LLM @138f96d docs/source/performance.md (v0.6.1), H100 FP8"},
    {Phase::request, "llama-2-7b-hf", "h100-sxm-80gb", "fp8", "fp8", 64, 2048, 128, 2058.0,
     "NVIDIA/TensorRT-LLM release/0.5.0 docs/source/performance.md, H100 FP8"},
    {Phase::request, "llama-2-7b-hf", "h100-sxm-80gb", "fp8", "fp8", 80, 2048, 128, 2244.0,
     "NVIDIA/TensorRT-LLM @138f96d docs/source/performance.md (v0.6.1), H100 FP8"},
    {Phase::request, "llama-2-7b-hf", "h100-sxm-80gb", "fp8", "fp8", 32, 2048, 2048, 2230.0,
     "NVIDIA/TensorRT-LLM release/0.5.0 docs/source/performance.md, H100 FP8"},
    {Phase::request, "falcon-180b", "h100-sxm-80gb:4", "fp8", "fp8", 64, 2048, 128, 448.0,
     "NVIDIA/TensorRT-LLM @138f96d docs/source/performance.md (v0.6.1), H100 FP8"},
    {Phase::request, "falcon-180b", "h100-sxm-80gb:4", "fp8", "fp8", 1024, 128, 128, 3948.0,
     "NVIDIA/TensorRT-LLM @138f96d docs/source/performance.md (v0.6.1), H100 FP8"},
    {Phase::request, "llama-2-70b-hf", "h100-sxm-80gb:4", "fp8", "fp8", 64, 128, 2048, 2616.0,
     "NVIDIA/TensorRT-LLM release/0.5.0 docs/source/performance.md, H100 FP8"},
    {Phase::request, "llama-2-70b-hf", "h100-sxm-80gb:4", "fp8", "fp8", 64, 2048, 128, 843.0,
     "NVIDIA/TensorRT-LLM release/0.5.0 docs/source/performance.md, H100 FP8"},
    {Phase::request, "llama-2-70b-hf", "h100-sxm-80gb:4", "fp8", "fp8", 64, 128, 128, 3317.0,
     "NVIDIA/TensorRT-LLM release/0.5.0 docs/source/performance.md, H100 FP8"},
    {Phase::request, "falcon-180b", "h100-sxm-80gb:8", "fp8", "fp8", 96, 128, 128, 2686.0,
     "NVIDIA/TensorRT-LLM release/0.5.0 docs/source/performance.md, H100 FP8"},
    {Phase::request, "gpt-j-6b", "l40s-48gb", "fp8", "fp8", 32, 2048, 128, 616.0,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, L40S FP8"},
    {Phase::request, "llama-2-7b-hf", "l40s-48gb", "fp8", "fp8", 64, 128, 128, 3240.0,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, L40S FP8"},
    {Phase::prefill, "llama-2-7b-hf", "a100-sxm4-80gb", "fp16", "", 1, 2048, 0, 15398.5,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, first token latency"},
    {Phase::prefill, "llama-2-70b-hf", "a100-sxm4-80gb:4", "fp16", "", 1, 2048, 0, 5432.4,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, first token latency"},
    {Phase::prefill, "falcon-180b", "a100-sxm4-80gb:8", "fp16", "", 1, 2048, 0, 4023.6,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, first token latency"},
    {Phase::prefill, "llama-2-7b-hf", "h100-sxm-80gb", "fp8", "", 1, 2048, 0, 56888.9,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, first token latency"},
    {Phase::prefill, "llama-2-70b-hf", "h100-sxm-80gb:4", "fp8", "", 1, 2048, 0, 18789.0,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, first token latency"},
    {Phase::prefill, "llama-3.1-8b", "jetson-agx-orin-64gb", "F16", "", 1, 512, 0, 177.866833,
     "llama-bench CSV (Orin, 4 threads: power-limited module)"},
    {Phase::prefill, "llama-2-7b-hf", "l40s-48gb", "fp8", "", 1, 2048, 0, 28054.8,
     "NVIDIA/TensorRT-LLM docs/source/performance.md, first token latency"},
    {Phase::prefill, "llama-2-7b-hf", "mi300x-192gb", "Q4_0", "", 1, 512, 0, 1333.08, "llama-bench (build 3891)"},
    {Phase::prefill, "meta-llama-3-8b", "rtx-4090-24gb", "Q5_0", "", 1, 2048, 0, 10491.78,
     "ggml-org/llama.cpp#8062 (ub 512)"},
    {Phase::prefill, "llama-2-7b-hf", "rtx-pro-6000-blackwell-96gb", "Q4_0", "", 1, 512, 0, 16634.04,
     "llama-bench (build 6413, 600 W)"},
    {Phase::decode, "meta-llama-3-8b", "rtx-3090-24gb", "Q4_0", "", 1, 1, 0, 156.56, "ggml-org/llama.cpp#15802 (ub 1)"},
    {Phase::decode, "llama-2-7b-hf", "rtx-4090-24gb", "int4", "", 1, 1, 0, 152.56, "mlc-ai/llm-perf-bench#1 (Exllama)"},
    {Phase::decode, "meta-llama-3-8b", "rtx-4090-24gb", "Q4_0", "", 1, 32768, 0, 102.76,
     "ggml-org/llama.cpp#17505 (ub 1, depth 32768)"},
    // Which 70B is not said. The files of Llama 3 are 3 % larger, and not read that fast: 41.9 GB at 2 x 1,008 GB/s
    // take 20.8 ms, and 48.31 tokens a second leave 20.7 ms. Those of Llama 2 are.
    {Phase::decode, "llama-2-70b-hf", "rtx-4090-24gb:2", "Q4_K_M", "", 1, 1, 0, 48.31,
     "ggml-org/llama.cpp#19378 (2x RTX 4090, tensor split)"},
    {Phase::decode, "meta-llama-3-8b", "rtx-4090-24gb:2", "F16", "", 1, 1, 0, 96.63,
     "ggml-org/llama.cpp#19378 (2x RTX 4090, tensor split)"},
};

Setup setup_of(const char* model, std::string_view gpu, std::string_view weights, std::string_view kv = {}) {
  Setup setup{load_model(model), {}, ideal_engine(), {}};
  setup.workload.convention = causal_convention();
  if (!weights.empty()) setup.workload.weights = parse_weight_scheme(weights, "weights");
  if (!kv.empty()) setup.workload.kv = parse_kv_precision(kv, "kv_precision");
  const GpuChoice choice = parse_gpu(gpu);
  setup.settings.gpu = choice.gpu;
  setup.settings.parallelism.tensor = choice.count.value_or(1);
  return setup;
}

/// The sides of a bound over several phases.
struct Sides {
  double compute = 0, memory = 0, interconnect = 0;
  void add(const PhaseTime& time, double times) {
    compute += time.compute_seconds * times;
    memory += time.memory_seconds * times;
    interconnect += time.interconnect_seconds.value_or(0) * times;
  }
  double longest() const { return std::max({compute, memory, interconnect}); }
};

/// A batch of requests cannot take less than any side of all its phases together: while one request reads weights,
/// another may compute, so that phases are summed before the longest side is taken. The prefill gives the first token
/// of an answer. Work and traffic of the steps are linear in the tokens before them, so that the first and the last
/// give the mean.
double bound_of(const Measurement& measured) {
  const Deployment deployment(setup_of(measured.model, measured.gpu, measured.weights, measured.kv));
  const DeploymentEstimate first = deployment.at(measured.tokens, measured.batch);
  if (measured.phase == Phase::prefill) return first.prefill->seconds;
  if (measured.phase == Phase::decode) return first.decode->seconds;
  Sides sides;
  sides.add(*first.prefill, 1);
  const double steps = measured.answer.to_double() - 1;
  sides.add(*deployment.at(measured.tokens + 1, measured.batch).decode, steps / 2);
  sides.add(*deployment.at(measured.tokens + measured.answer - 1, measured.batch).decode, steps / 2);
  return sides.longest();
}

}  // namespace

TEST_CASE("no public measurement is faster than the bound") {
  CHECK(std::size(kMeasurements) == 32);
  std::vector<double> shares;  // of the bound, that the measurements reach
  for (const Measurement& measured : kMeasurements) {
    CAPTURE(measured.source);
    CAPTURE(measured.model);
    CAPTURE(measured.gpu);
    const Count tokens = measured.phase == Phase::prefill  ? measured.batch * measured.tokens
                         : measured.phase == Phase::decode ? measured.batch
                                                           : measured.batch * measured.answer;
    const double seconds = tokens.to_double() / measured.tokens_per_second;
    const double bound = bound_of(measured);
    CHECK(bound <= seconds);
    shares.push_back(100 * bound / seconds);
  }
  std::sort(shares.begin(), shares.end());
  CHECK(test::accuracy_row("measured throughputs that no bound contradicts", shares.size(), shares.size()));
  const auto percent = [](double share) { return std::to_string(std::lround(share)) + "%"; };
  const std::string said = "reach " + percent(shares.front()) + " to " + percent(shares.back()) +
                           " of the throughput of the bound; half of them reach " + percent(shares[shares.size() / 2]) +
                           " or more";
  CHECK_MESSAGE(test::accuracy_says(said), said);
}

TEST_CASE("the peak is that of the type in which kernels multiply the weights") {
  struct Row {
    const char* gpu;
    const char* weights;
    const char* type;
    std::uint64_t gigaflops;  // dense, of the vendors' data sheets
    const char* missing;
  };
  const Row rows[] = {
      {"h100-sxm-80gb", "", "bf16", 989'500, ""},
      {"h100-sxm-80gb", "fp16", "bf16", 989'500, ""},
      // Weights of 4 bits are unpacked to the model's type.
      {"h100-sxm-80gb", "int4", "bf16", 989'500, ""},
      {"h100-sxm-80gb", "int4:group=32", "bf16", 989'500, ""},
      {"h100-sxm-80gb", "nf4", "bf16", 989'500, ""},
      {"b200-sxm-180gb", "mxfp4", "bf16", 2'250'000, ""},
      {"h100-sxm-80gb", "fp8", "fp8", 1'979'000, ""},
      {"h100-sxm-80gb", "int8", "int8", 1'979'000, ""},
      {"l40s-48gb", "fp8", "fp8", 733'000, ""},
      {"b200-sxm-180gb", "nvfp4", "fp4", 9'000'000, ""},
      // Cards without the type unpack to 16 bits.
      {"a100-sxm4-80gb", "fp8", "bf16", 312'000, "fp8"},
      {"h100-sxm-80gb", "nvfp4", "bf16", 989'500, "fp4"},
      {"v100-sxm2-32gb", "", "fp16", 125'000, "bf16"},
      // llama.cpp multiplies its blocks in int8 [ggml/src/ggml-cuda/mmq.cu].
      {"rtx-4090-24gb", "Q4_K_M", "int8", 660'600, ""},
      {"rtx-4090-24gb", "Q8_0", "int8", 660'600, ""},
      {"rtx-4090-24gb", "F16", "bf16", 165'200, ""},
      {"m3-max-128gb", "Q4_K_M", "bf16", 14'200, "int8"},
      // Where int8 is slower than 16 bits, kernels that unpack are the faster ones.
      {"b300-sxm-288gb", "Q4_K_M", "bf16", 2'250'000, ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.gpu);
    CAPTURE(row.weights);
    const Deployment deployment(setup_of("llama-3.1-8b", row.gpu, row.weights));
    CHECK(deployment.peak()->type == row.type);
    CHECK(deployment.peak()->flops_per_s == Count{row.gigaflops} * 1'000'000'000);
    CHECK(deployment.peak()->missing == row.missing);
    const std::string note = std::string("no peak is published for ") + row.missing + " on " + row.gpu + ": that of " +
                             row.type + " is taken";
    const std::vector<std::string> notes = deployment.notes();
    CHECK((std::find(notes.begin(), notes.end(), note) != notes.end()) == (*row.missing != '\0'));
  }
}

TEST_CASE("a type of activations that is given replaces that of the weights") {
  struct Row {
    const char* gpu;
    const char* weights;
    const char* activations;
    const char* type;
  };
  const Row rows[] = {
      {"h100-sxm-80gb", "fp8", "bf16", "bf16"},     {"h100-sxm-80gb", "fp8", "half", "fp16"},
      {"h100-sxm-80gb", "int4", "fp8", "fp8"},      {"h100-sxm-80gb", "int4", "e4m3", "fp8"},
      {"b200-sxm-180gb", "mxfp4", "mxfp4", "fp4"},  {"b200-sxm-180gb", "", "nvfp4", "fp4"},
      {"rtx-4090-24gb", "Q4_K_M", "fp16", "fp16"},  {"a100-sxm4-80gb", "int4", "fp8", "bf16"},
      {"b300-sxm-288gb", "Q4_K_M", "int8", "int8"}, {"h100-sxm-80gb", "", "fp32", "fp32"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.gpu);
    CAPTURE(row.activations);
    Setup setup = setup_of("llama-3.1-8b", row.gpu, row.weights);
    setup.settings.activations = parse_activations(row.activations, "activations");
    const Deployment deployment(std::move(setup));
    CHECK(deployment.peak()->type == row.type);
    // FLOPs and their peak are all that compute time depends on; critical_batch follows the same peak.
    const DeploymentEstimate estimate = deployment.at(1000, 1);
    CHECK(estimate.prefill->compute_seconds ==
          doctest::Approx(estimate.model.count(Metric::forward_flops)->to_double() /
                          deployment.peak()->flops_per_s.to_double())
              .epsilon(1e-12));
  }
  CHECK_THROWS_WITH_AS(parse_activations("int4", "activations"),
                       "activations: expected a type in which cards multiply, found \"int4\" (fp32, fp16, bf16, fp8, "
                       "int8, nvfp4 or mxfp4)",
                       InputError);
  CHECK_THROWS_AS(parse_activations("fp9", "activations"), InputError);
}

TEST_CASE("the batch that fills the card follows the peak") {
  // 2 FLOPs of a weight of 1 byte: 1,979 / 3.35 TB/s / 2 = 295.4 FLOPs a byte, as in bf16; in bf16 with weights in fp8
  // half of it. Embeddings and norms move it by a sequence or two.
  const auto batch = [](const char* weights, const char* activations) {
    Setup setup = setup_of("llama-3.1-8b", "h100-sxm-80gb", weights);
    if (*activations != '\0') setup.settings.activations = parse_activations(activations, "activations");
    return Deployment(std::move(setup)).at(1000, 1).count(Metric::critical_batch)->to_double();
  };
  CHECK(batch("fp8", "") == doctest::Approx(1979e12 / 3.35e12 / 2).epsilon(0.01));
  CHECK(batch("fp8", "bf16") == doctest::Approx(989.5e12 / 3.35e12 / 2).epsilon(0.01));
  CHECK(batch("bf16", "") == doctest::Approx(989.5e12 / 3.35e12).epsilon(0.01));
}
