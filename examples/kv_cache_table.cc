// A table of KV caches: contexts by storage types, for one model.
//
//   kv_cache_table [MODEL]
#include <cstdio>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"

int main(int argc, char** argv) {
  try {
    const ctxcost::Model model = ctxcost::load_model(argc > 1 ? argv[1] : "llama-3.1-8b");
    std::printf("%8s", "tokens");
    const char* const types[] = {"bf16", "q8_0", "q4_0"};
    for (const char* type : types) std::printf("%16s", type);
    std::printf("\n");

    for (const ctxcost::Count context : ctxcost::parse_lengths("1K..64K:x4", "context")) {
      std::printf("%8s", to_string(context).c_str());
      for (const char* type : types) {
        ctxcost::Workload workload;
        workload.kv = ctxcost::parse_kv_precision(type, "type");
        const ctxcost::Estimate estimate = ctxcost::Estimator(model, workload).at(context, 1);
        std::printf("%16s", to_string(estimate.count(ctxcost::Metric::kv_cache_bytes).value()).c_str());
      }
      std::printf("\n");
    }
  } catch (const ctxcost::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
