// Model files in JSON: our own format, config.json of every family, catalogue records.
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::refuse_or_read(data, size, [data, size](std::string_view bytes) {
    const SharedModel model = parse_model(bytes, "fuzz.json");
    const Estimator ideal(model, Workload{});
    for (const std::uint64_t context : {1U, 1000U, 1U << 20}) {
      for (const std::uint64_t batch : {1U, 7U}) static_cast<void>(ideal.at(context, batch));
    }
    for (const char* engine : {"vllm", "sglang", "llama.cpp", "transformers", "mlx", "tensorrt-llm"}) {
      // What an engine refuses does not keep the others from answering.
      fuzz::refuse_or_read(data, size, [&](std::string_view) {
        static_cast<void>(Estimator(model, Workload{}, parse_engine(engine)).at(1000, 2));
      });
    }
  });
}
