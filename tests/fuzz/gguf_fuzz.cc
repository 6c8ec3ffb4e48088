// GGUF headers, and the models that they describe.
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/tensor_file.h"
#include "fuzz.h"
#include "input/gguf/gguf_model.h"
#include "input/model_files.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    std::vector<TensorFile> parts;
    parts.push_back(parse_gguf(bytes, "fuzz.gguf"));
    Model model = model_from_gguf(parts, {});
    attach_files(model, ModelFiles::Format::gguf, std::move(parts));
    const Estimate values = Estimator(model, Workload{}).at(1000, 1);
    // The promise about files: their bytes, to the last one.
    const std::optional<Count> weights = values.count(Metric::weights_bytes);
    if (weights && *weights != model.files->bytes) std::abort();
  });
}
