// Judged budgets against an earlier report: what grew, and whether that is too much.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/judge.h"

namespace ctxcost {

struct JsonDocument;

/// How much worse than in the baseline a metric may be, in whichever direction costs more.
struct AllowedIncrease {
  std::string text;              ///< "5%"
  std::optional<Metric> metric;  ///< all metrics where empty
};

/// Reads "5%" or "kv_cache_bytes=5%". Throws InputError naming `source`.
AllowedIncrease parse_allowed_increase(std::string_view text, std::string_view source);

/// Sets `report.baseline` and the verdicts that follow from it. The last increase that is allowed for a metric counts,
/// one by its name before one for all. Points are matched by their budgets' names, context and batch, or, where the
/// earlier report has no budgets, by model, types and engine. `document` is what `baseline` was read from: where it
/// holds the models' configs, the keys of them that make a metric change are its causes. Throws InputError where no
/// point is in both, or numbers were counted by different conventions.
void compare_with_baseline(BudgetReport& report, const ReportRecord& baseline, const JsonDocument& document,
                           const std::vector<AllowedIncrease>& allowed, const JudgeOptions& options);

}  // namespace ctxcost
