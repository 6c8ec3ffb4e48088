// One model and one estimator for several threads; a count that no 64 bits hold; an input that is at fault.
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

int main() {
  try {
    const ctxcost::Estimator estimator(ctxcost::load_model("llama-3.1-8b"), ctxcost::Workload{});
    const std::vector<ctxcost::Count> contexts = {8192, 131072, ctxcost::parse_length("1024M", "context")};
    std::vector<std::string> lines(contexts.size());
    // An estimator does not change: each thread writes a line of its own, and nothing is locked.
    std::vector<std::thread> threads;
    threads.reserve(contexts.size());
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      threads.emplace_back([&, i] {
        const ctxcost::Estimate estimate = estimator.at(contexts[i], 1);
        lines[i] = to_string(estimate.count(ctxcost::Metric::attention_flops).value());
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      std::printf("%s tokens: %s FLOPs of attention\n", to_string(contexts[i]).c_str(), lines[i].c_str());
    }
    ctxcost::load_model("llama-3.1-9b");
  } catch (const ctxcost::InputError& error) {
    for (const ctxcost::Diagnostic& fault : error.diagnostics()) {
      std::printf("%s: %s\n", fault.source.c_str(), fault.message.c_str());
    }
  }
}
