// The cost of one point of the grid, for models with one group of layers and with many layers: it must not grow with
// the number of layers.
#include <benchmark/benchmark.h>

#include <string>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

namespace {

void one_point(benchmark::State& state, const std::string& name) {
  const ctxcost::Model model = ctxcost::load_model(name);
  const ctxcost::Estimator estimator(model, ctxcost::Workload{});
  ctxcost::Count context = 1024;
  for (auto _ : state) {
    benchmark::DoNotOptimize(estimator.at(context, 1));
    context += 1;
  }
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
BENCHMARK(layers)->Arg(1)->Arg(32)->Arg(1024)->Arg(32768);
