// What the formats of budget reports say alike.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/judge.h"
#include "ctxcost/core/units.h"
#include "ctxcost/render/render_budgets.h"
#include "text_document.h"

/// Defines a BudgetFormat that other files may refer to (a plain const would be local to its file).
#define CTXCOST_BUDGET_FORMAT(name) \
  extern const BudgetFormat name;   \
  const BudgetFormat name

namespace ctxcost {

/// A value in its metric's unit: "34.4 GB", "20 ms", "65,536", "beyond"; "–" for nothing.
std::string value_text(Metric metric, const MetricValue& value, UnitSystem units);

/// "at 32K tokens, batch 8"
std::string point_text(Count context, Count batch);

/// "max 24GiB"
std::string limit_text(const Limit& limit);

/// "kv_cache_bytes is 34.4 GB at 32K tokens, batch 8: max 24GiB, 8.6 GB (33.4%) over"
std::string breach_text(const JudgedLimit& limit, UnitSystem units);

/// "context 62500, or kv_precision fp8": settings with which it would pass; empty where there are none.
std::string remedy_text(const JudgedLimit& limit);

/// "fail", or "fail (baseline)" where all limits hold and only a change since the baseline is too much.
std::string verdict_text(const JudgedBudget& judged);

/// "budgets.json:7:43"; without line and column where they are not known.
std::string place_text(const BudgetFault& fault);

/// What is wrong, without its place.
std::string fault_text(const BudgetFault& fault);

/// "budgets.json:7:43"
std::string place_text(const Budget& budget, const TextPlace& place);

/// "3 budgets: 1 passed, 1 warned, 1 failed; 1 file in error"; "1 failed (baseline)" where the limits hold.
std::string summary_text(const BudgetReport& report);

/// "kv_cache_bytes grew from 17.2 GB to 34.4 GB at 32K tokens, batch 8: 17.2 GB (+100.0%), allowed 5%"
std::string change_text(const BudgetChange& change, UnitSystem units);

/// "/num_key_value_heads: 2 → 4"
std::string cause_text(const ChangeCause& cause);

/// "; because of /num_key_value_heads: 2 → 4; because of …"; empty where no cause is known.
std::string causes_text(const BudgetChange& change);

/// "report.json: 3 points compared, 1 not in it, 2 metrics changed, 1 too much"
std::string baseline_text(const BaselineComparison& baseline);

/// One row for each budget: verdict, name, model, context, batch, limits.
struct BudgetOverview {
  std::vector<TextDocument::Column> columns;
  std::vector<std::vector<std::string>> rows;
};
/// Of the verdict in a row's first cell.
Accent accent_of(std::string_view verdict);
BudgetOverview overview(const BudgetReport& report);

}  // namespace ctxcost
