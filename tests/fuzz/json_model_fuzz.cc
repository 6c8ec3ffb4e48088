// Model files in JSON: our own format, config.json of every family, catalogue records.
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    const Model model = parse_model(bytes, "fuzz.json");
    static_cast<void>(Estimator(model, Workload{}).at(1000, 1));
  });
}
