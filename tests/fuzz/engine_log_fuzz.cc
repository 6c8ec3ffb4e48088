// Start-up logs of engines, held against a small model.
#include "ctxcost/answer/reconciliation.h"
#include "ctxcost/input/input.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SharedModel kModel = parse_model(R"({"layers": 4, "heads": 4, "kv_heads": 2, "d_k": 64, "d_model": 256,
    "vocab": 1000, "pattern": [{"attention": {"kind": "sliding_window", "window": 64}}, {"attention": {"kind": "full"}}]})",
                                                "model.json");
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    ReconcileQuestion question;
    question.log = parse_engine_log(bytes, "fuzz.log");
    question.models = {kModel};
    static_cast<void>(reconcile(question));
  });
}
