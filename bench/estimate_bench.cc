// The cost of one point of the grid, for models with one group of layers and with many layers: it must not grow with
// the number of layers, and a point allocates nothing.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>
#include <string>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// Not inlined, so that the compiler does not see one half without the other.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

void one_point(benchmark::State& state, const std::string& name) {
  const ctxcost::Model model = ctxcost::load_model(name);
  const ctxcost::Estimator estimator(model, ctxcost::Workload{});
  ctxcost::Count context = 1024;
  std::size_t allocated = 0;
  for (auto _ : state) {
    const std::size_t before = allocations;
    benchmark::DoNotOptimize(estimator.at(context, 1));
    allocated += allocations - before;
    context += 1;
  }
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocated), benchmark::Counter::kAvgIterations);
}

void layers(benchmark::State& state) {
  const std::string text = R"({"layers": )" + std::to_string(state.range(0)) + R"(, "heads": 32, "d_k": 128})";
  const ctxcost::Model model = ctxcost::parse_model(text, "bench");
  const ctxcost::Estimator estimator(model, ctxcost::Workload{});
  for (auto _ : state) benchmark::DoNotOptimize(estimator.at(131072, 1));
}

}  // namespace

BENCHMARK_CAPTURE(one_point, article, "article-7b");
BENCHMARK_CAPTURE(one_point, llama, "llama-3.1-8b");
BENCHMARK_CAPTURE(one_point, gemma_3_27b, "gemma-3-27b-it");
BENCHMARK_CAPTURE(one_point, deepseek_v3, "deepseek-v3");
BENCHMARK_CAPTURE(one_point, t5, "t5-small");
BENCHMARK(layers)->Arg(1)->Arg(32)->Arg(1024)->Arg(32768);
