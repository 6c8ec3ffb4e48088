// Budget files, judged, and their reports in every format.
#include "ctxcost/answer/judge.h"
#include "ctxcost/input/budget.h"
#include "ctxcost/render/answer_text.h"
#include "fuzz.h"

using namespace ctxcost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return fuzz::refuse_or_read(data, size, [](std::string_view bytes) {
    // A file that a budget names is another target's input: directories.
    if (bytes.find('/') != std::string_view::npos) return;
    BudgetFiles files;
    files.budgets = parse_budgets(bytes, "fuzz.json");
    const BudgetReport report = judge(std::move(files));
    for (const char* format : {"table", "markdown", "json", "csv", "junit", "sarif", "github"}) {
      fuzz::check_text(render(report, format));
    }
  });
}
