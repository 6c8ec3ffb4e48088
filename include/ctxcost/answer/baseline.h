// Compares judged budgets with an earlier report: which metrics got worse, and whether by more than allowed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/judge.h"

namespace ctxcost {

struct JsonDocument;

/// How much worse than in the baseline a metric may be.
struct AllowedIncrease {
  std::string text;              ///< "5%"
  std::string source;            ///< the option or file it comes from, for errors
  std::optional<Metric> metric;  ///< empty: all metrics
};

/// Reads "5%" or "kv_cache_bytes=5%". Throws InputError naming `source`.
AllowedIncrease parse_allowed_increase(std::string_view text, std::string_view source);

/// An earlier report, with the document that it was read from.
struct Baseline {
  ReportRecord record;
  std::shared_ptr<const JsonDocument> document;
};

/// Reads a document that `check`, `scale` or `fit` wrote; "-" is standard input. Throws InputError with every fault.
Baseline load_baseline(std::string_view path);
/// Reads the same from text in memory; `origin` names it in errors.
Baseline parse_baseline(std::string_view text, std::string_view origin);

/// Sets `report.baseline` and the verdicts that follow from it. For each metric the last allowed increase applies; one
/// that names the metric has priority over one for all metrics. Points are matched by budget name, context and batch
/// or, if the earlier report has no budgets, by model, types and engine. If the baseline's document holds the models'
/// configs, the config keys that change a metric are reported as its causes. Throws InputError if no point is in both,
/// or if numbers were counted by different conventions.
void compare_with_baseline(BudgetReport& report, const Baseline& baseline, const std::vector<AllowedIncrease>& allowed,
                           const JudgeOptions& options);

struct CheckOptions {
  JudgeOptions judging;
  std::optional<Baseline> baseline;
  std::vector<AllowedIncrease> allowed;  ///< increases since the baseline; without a baseline they have no effect
};

/// Computes the answer of `check`: judges budgets, and compares them with the baseline if there is one. Throws as
/// `compare_with_baseline` does. Faults of budget files are in the report.
BudgetReport check(BudgetFiles files, const CheckOptions& options = {});

}  // namespace ctxcost
