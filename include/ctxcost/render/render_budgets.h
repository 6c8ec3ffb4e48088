// Output formats of judged budgets.
#pragma once

#include <span>
#include <string_view>

#include "ctxcost/answer/judge.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/render/render.h"

namespace ctxcost {

/// One output format of `check`.
struct BudgetFormat {
  std::string_view name;        ///< "junit"
  std::string_view extensions;  ///< ".xml"; separated by spaces
  std::string_view summary;
  void (*render)(const BudgetReport& report, const RenderOptions& options, Writer& out);
};

std::span<const BudgetFormat* const> budget_formats();
/// The format of that name, or null.
const BudgetFormat* find_budget_format(std::string_view name);

}  // namespace ctxcost
