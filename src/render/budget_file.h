// A budget file as `init` writes it.
#pragma once

#include "ctxcost/answer/first_budget.h"
#include "ctxcost/core/writer.h"

namespace ctxcost {

/// Writes the file that docs/budgets.md describes, indented.
void write_budget_file(const FirstBudget& budget, Writer& out);

}  // namespace ctxcost
