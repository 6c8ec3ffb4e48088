// Hostile names through every output format: whatever a model's file is called and says, documents stay documents.
#include <string>

#include "ctxcost/answer/explanation.h"
#include "ctxcost/answer/fit.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/answer_text.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Model kModel = parse_model(
      R"({"layers": 2, "heads": 4, "kv_heads": 2, "d_k": 64, "d_model": 256, "vocab": 1000})", "model.json");
  static const Accelerator kGpu = parse_gpu("4090").gpu;
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    Model model = kModel;
    const std::size_t half = bytes.size() / 2;
    model.name = bytes.substr(0, half);
    model.origin = bytes.substr(half);
    model.source = bytes;
    model.notes = {std::string(bytes)};
    const SharedModel shared(std::move(model));
    DeploymentQuestion question;
    question.models = {shared};
    question.placements = {{.gpu = kGpu}};
    question.placements[0].gpu->name = bytes;
    question.contexts = parse_lengths("1000", "-n");
    const FitAnswer answer = fit(question);
    Grid grid;
    grid.models = {shared};
    grid.contexts = question.contexts;
    const Report report(std::move(grid), Workload{});
    for (const char* format : {"table", "markdown", "json", "ndjson", "csv"}) {
      fuzz::check_text(render(report, format, {.verbose = true}));
      fuzz::check_text(render(answer, format, {.verbose = true}));
    }
    fuzz::check_json(render(answer, "json"));
    fuzz::check_json(render(report, "json"));
  });
}
