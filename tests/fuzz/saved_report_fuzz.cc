// Saved reports, as `check --baseline` and `diff` read them.
#include "ctxcost/answer/baseline.h"
#include "ctxcost/answer/difference.h"
#include "ctxcost/input/saved_report.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::refuse_or_read(data, size, [](std::string_view bytes) { parse_saved_report(bytes, "fuzz.json"); });
  fuzz::refuse_or_read(data, size, [](std::string_view bytes) { parse_baseline(bytes, "fuzz.json"); });
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) { parse_comparand(bytes, "fuzz.json"); });
}
