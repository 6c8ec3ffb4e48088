// What vLLM's logs print: blocks, "GPU KV cache size", "Maximum concurrency". Each row names the settings of the log's
// release. [vllm/v1/core/kv_cache_utils.py _report_kv_cache_config]
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "accuracy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/solve.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"

using namespace ctxcost;

namespace {

Setup logged_setup(const char* model, const char* parallel, const char* kv, const char* engine, Count kv_memory) {
  Setup setup{load_model(model), {}, parse_engine(engine), {}};
  setup.workload.kv = parse_kv_precision(kv, "test");
  setup.settings.parallelism = parse_parallelism(parallel);
  setup.settings.kv_memory = kv_memory;
  setup.settings.beyond_window = true;
  return setup;
}

Count hundredths_of_gib(std::uint32_t hundredths) { return Count{hundredths} * (std::uint64_t{1} << 30) / 100; }

Count reserved_pages(const Setup& setup, Count context) {
  return *Deployment(setup).at(context, 1).count(Metric::device_kv_bytes);
}

}  // namespace

TEST_CASE("vLLM's log prints the concurrency and the tokens of a cache") {
  struct Row {
    const char* model;
    const char* parallel;
    const char* kv;
    const char* engine;
    Count kv_memory;
    Count context;
    Count tokens;
    double concurrency;
  };
  const Row rows[] = {
      // 299 blocks of 2,096 tokens, ten layers each: 63 + 3 * 2 hold a request.
      {"qwen3.5-35b-a3b", "tp=1", "fp8", "vllm", hundredths_of_gib(598), 131'072, 567'978, 299.0 / 69},
      {"qwen3.5-35b-a3b", "tp=1", "fp8", "vllm:prefix_cache=0", Count{95} * 2096 * 1024 * 10, 131'072, 188'664,
       95.0 / 66},
      // 205 blocks of 1,600 tokens, 16 layers and the checkpoint's MTP layer each: 164 + 3 * 5.
      {"qwen3.5-27b", "tp=2", "fp8", "vllm:spec=3", hundredths_of_gib(533), 262'144, 300'220, 205.0 / 179},
      {"qwen3.5-27b", "tp=2", "fp8", "vllm:spec=3", 11'865'292'800, 262'144, 623'873, 426.0 / 179},
      {"qwen3.5-27b", "tp=1", "bf16", "vllm", Count{2052} * 784 * 4096 * 16, 32'768, 1'400'832, 42.75},
      {"qwen3.5-35b-a3b", "tp=2", "bf16", "vllm", Count{3185} * 1056 * 1024 * 10, 262'144, 3'274'229, 3185.0 / 255},
      // Before 0.21: blocks of all groups together, and no prefix caching of hybrids.
      {"nvidia-nemotron-3-nano-30b-a3b-bf16", "tp=2", "fp8", "vllm:prefix_cache=0,tokens=old",
       Count{222 * 6} * 4176 * 256, 131'072, 183'744, 222.0 / 36},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    CAPTURE(row.engine);
    const DeploymentEstimate found =
        Deployment(logged_setup(row.model, row.parallel, row.kv, row.engine, row.kv_memory)).at(row.context, 1);
    CHECK(found.count(Metric::kv_capacity_tokens) == row.tokens);
    CHECK(std::get<double>(found[Metric::max_concurrency]) == doctest::Approx(row.concurrency).epsilon(1e-12));
  }
  CHECK(test::accuracy_row("tokens and concurrency in vLLM's logs", std::size(rows), std::size(rows)));
}

TEST_CASE("vLLM's windows keep two steps: Gemma 4 26B-A4B in 4.25 GiB") {
  const auto gemma = [](const char* engine) {
    return logged_setup("gemma-4-26b-a4b", "tp=1", "bf16", engine, hundredths_of_gib(425));
  };
  struct Row {
    Count context;
    double concurrency;
  };
  for (const Row& row : {Row{32'768, 2.39}, Row{65'536, 1.77}, Row{131'072, 1.16}}) {
    const DeploymentEstimate found = Deployment(gemma("vllm:max_batched_tokens=2496")).at(row.context, 1);
    CHECK(std::abs(std::get<double>(found[Metric::max_concurrency]) - row.concurrency) < 0.005);
  }
  CHECK(max_context_memory(Deployment(gemma("vllm:max_batched_tokens=2496")), 1).value == Count{162'496});
  CHECK(max_context_memory(Deployment(gemma("vllm:max_batched_tokens=8192")), 1).value == Count{48'576});
}

TEST_CASE("vLLM pads a state's page to that of attention, as its log says") {
  struct Row {
    const char* model;
    const char* parallel;
    const char* kv;
    Count layers;  // with states
    Count state, token, block;
    double padding;  // "Padding mamba page size by …%"
  };
  const Row rows[] = {
      {"qwen3-next-80b-a3b-instruct", "tp=1", "bf16", 36, 1'097'728, 2048, 544, 1.49},
      {"qwen3-next-80b-a3b-instruct", "tp=2", "bf16", 36, 548'864, 1024, 544, 1.49},
      {"granite-4.0-h-tiny", "tp=1", "bf16", 36, 806'400, 2048, 400, 1.59},
      {"qwen3.5-27b", "tp=1", "bf16", 48, 3'207'168, 4096, 784, 0.13},
      {"qwen3.5-35b-a3b", "tp=2", "bf16", 30, 1'073'152, 1024, 1056, 0.76},
  };
  for (const Row& row : rows) {
    CAPTURE(row.model);
    const Setup setup = logged_setup(row.model, row.parallel, row.kv, "vllm:mamba_cache=none", 1);
    const Count page = row.block * row.token;
    CHECK(std::abs(100.0 * (page - row.state).to_double() / row.state.to_double() - row.padding) < 0.005);
    // One block of attention layers and one page a state; the layers divide into groups.
    const Count layers = row.layers + row.layers / (row.layers == 36 && row.token == 2048 && row.block == 400 ? 9 : 3);
    CHECK(reserved_pages(setup, 1) == layers * page);
  }
  CHECK(test::accuracy_row("padding of states in vLLM's logs", std::size(rows), std::size(rows)));
}

TEST_CASE("vLLM's defaults follow the card") {
  struct Row {
    const char* gpu;
    Count batched;
  };
  for (const Row& row : {Row{"h100-sxm-80gb", 8192}, Row{"a100-sxm4-80gb", 2048}, Row{"l40s-48gb", 2048},
                         Row{"mi300x-192gb", 8192}, Row{"", 2048}}) {
    CAPTURE(row.gpu);
    Setup setup = logged_setup("mistral-7b-v0.1", "tp=1", "bf16", "vllm", 1);
    if (*row.gpu != 0) setup.settings.gpu = load_accelerator(row.gpu);
    CHECK(reserved_pages(setup, 131'072) == Count{((4095 + 2 * row.batched + 15) / 16 + 1) * 16} * 131'072);
  }
  // Heads of 256 on data-centre Blackwell take blocks in steps of 32: 3,207,168 / 4,096 = 783 tokens.
  Setup setup = logged_setup("qwen3.5-27b", "tp=1", "bf16", "vllm:mamba_cache=none", 1);
  setup.settings.gpu = load_accelerator("b200-sxm-180gb");
  CHECK(reserved_pages(setup, 1) == Count{64 * 800} * 4096);
  setup.settings.gpu = load_accelerator("h200-sxm-141gb");
  CHECK(reserved_pages(setup, 1) == Count{64 * 784} * 4096);
}

TEST_CASE("dcp shares a cache's tokens on the devices of tp") {
  const Setup setup = logged_setup("deepseek-v3", "tp=8,dcp=8", "bf16", "vllm", 1);
  CHECK(setup.settings.parallelism.devices() == 8);
  CHECK(setup.settings.parallelism.name() == "tp=8,dcp=8");
  CHECK(reserved_pages(setup, 131'072) == Count{131'072 / 8} * 61 * 1152);
  CHECK(reserved_pages(logged_setup("deepseek-v3", "tp=8,cp=2,dcp=4", "bf16", "vllm", 1), 131'072) ==
        Count{131'072 / 8} * 61 * 1152);
  const auto refused = [](const char* model, const char* parallel) {
    return Deployment(logged_setup(model, parallel, "bf16", "vllm", 1)).devices();
  };
  CHECK_THROWS_WITH_AS(refused("deepseek-v3", "tp=8,dcp=3"), doctest::Contains("dcp=3: expected a divisor of tp=8"),
                       InputError);
  // Eight heads have no copies on eight devices, two on sixteen.
  CHECK_THROWS_WITH_AS(refused("llama-3.1-8b", "tp=8,dcp=2"), doctest::Contains("dcp=2: the 8 KV heads"), InputError);
  CHECK(refused("llama-3.1-8b", "tp=16,dcp=2") == 16);
}

TEST_CASE("vLLM's block holds a state with the columns of speculated tokens") {
  // Qwen3.5-27B with MTP 3, of one or two ranks alike: "Setting attention block size to 1600" in fp8, 2848 in nvfp4.
  const auto says = [](const char* kv, const std::string& block) {
    const Deployment deployment(logged_setup("qwen3.5-27b", "tp=2", kv, "vllm:spec=3", 5000000000));
    const std::vector<std::string> notes = deployment.engine_notes(262'144, 1);
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& note) {
      return note.find("the block to " + block + " tokens") != std::string::npos;
    });
  };
  CHECK(says("fp8", "1600"));
  CHECK(says("nvfp4", "2848"));
}
