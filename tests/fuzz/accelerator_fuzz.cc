// Accelerators of a user's own file, with a model on them.
#include "ctxcost/answer/fit.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/answer_text.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SharedModel kModel =
      parse_model(R"({"layers": 4, "heads": 4, "kv_heads": 2, "d_k": 64, "d_model": 256, "d_ff": 512, "vocab": 1000})",
                  "model.json");
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    DeploymentQuestion question;
    question.models = {kModel};
    question.placements = {{.gpu = parse_accelerator(bytes, "fuzz.json")}};
    question.contexts = parse_lengths("1000", "-n");
    fuzz::check_text(render(fit(question), "json"));
  });
}
