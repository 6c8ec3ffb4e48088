// Budgets that are held in a program: read from text, judged, and each limit shown.
#include <cstdio>
#include <variant>

#include "ctxcost/answer/judge.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/input/budget.h"

constexpr const char* kBudgets = R"({"budgets": [
  {"name": "bf16 cache", "model": "llama-3.1-8b", "context": "32K", "batch": 8,
   "limits": {"kv_cache_bytes": {"max": "24GiB"}}},
  {"name": "fp8 cache", "model": "llama-3.1-8b", "context": "32K", "batch": 8, "kv_precision": "fp8",
   "limits": {"kv_cache_bytes": {"max": "24GiB"}}}]})";

int main() {
  try {
    const ctxcost::BudgetReport report = ctxcost::judge({ctxcost::parse_budgets(kBudgets, "budgets"), {}, {}});
    for (const ctxcost::JudgedBudget& judged : report.judged) {
      for (const ctxcost::JudgedLimit& limit : judged.limits) {
        const std::string actual = to_string(std::get<ctxcost::Count>(limit.actual));
        std::printf("%s: %s bytes, at most %s: %s\n", judged.budget->name.c_str(), actual.c_str(),
                    limit.limit->text.c_str(), std::string(name(limit.verdict)).c_str());
      }
    }
    std::printf("all: %s\n", std::string(name(report.verdict)).c_str());
  } catch (const ctxcost::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
