// The list of formats of budget reports, in the order in which they are shown. A new one is a file of its own and a
// line here.
#include "ctxcost/render/render_budgets.h"

#define CTXCOST_BUDGET_FORMATS(ROW) \
  ROW(kBudgetTable)                 \
  ROW(kBudgetJson)                  \
  ROW(kBudgetNdjson)                \
  ROW(kBudgetJunit)                 \
  ROW(kBudgetSarif)                 \
  ROW(kBudgetGithub)                \
  ROW(kBudgetMarkdown)

namespace ctxcost {

#define CTXCOST_DECLARE(name) extern const BudgetFormat name;
CTXCOST_BUDGET_FORMATS(CTXCOST_DECLARE)
#undef CTXCOST_DECLARE

std::span<const BudgetFormat* const> budget_formats() {
#define CTXCOST_ADDRESS(name) &name,
  static constexpr const BudgetFormat* kAll[] = {CTXCOST_BUDGET_FORMATS(CTXCOST_ADDRESS)};
#undef CTXCOST_ADDRESS
  return kAll;
}

const BudgetFormat* find_budget_format(std::string_view name) {
  for (const BudgetFormat* format : budget_formats()) {
    if (format->name == name) return format;
  }
  return nullptr;
}

}  // namespace ctxcost
