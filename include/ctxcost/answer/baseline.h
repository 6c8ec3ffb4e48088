// Compares judged budgets with an earlier report: which metrics grew, and by more than allowed or not.
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

/// How much worse than in the baseline a metric may be, in the direction that costs more.
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

/// Sets `report.baseline` and the verdicts that follow from it. The last increase that is allowed for a metric counts,
/// one by its name before one for all. Points are matched by their budgets' names, context and batch, or, where the
/// earlier report has no budgets, by model, types and engine. Where the baseline's document holds the models' configs,
/// the keys of them that make a metric change are its causes. Throws InputError where no
/// point is in both, or numbers were counted by different conventions.
void compare_with_baseline(BudgetReport& report, const Baseline& baseline, const std::vector<AllowedIncrease>& allowed,
                           const JudgeOptions& options);

struct CheckOptions {
  JudgeOptions judging;
  std::optional<Baseline> baseline;
  std::vector<AllowedIncrease> allowed;  ///< increases since the baseline; without a baseline they have no effect
};

/// The answer of `check`: judges budgets, and compares them with the baseline where there is one. Throws as
/// `compare_with_baseline` does; what is wrong with budget files is in the report.
BudgetReport check(BudgetFiles files, const CheckOptions& options = {});

}  // namespace ctxcost
