// From budgets to verdicts: every limit against the metric it limits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/verdict.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/budget.h"

namespace ctxcost {

/// One pair of context and batch of a budget.
struct BudgetPoint {
  Count context;
  Count batch;
  DeploymentEstimate values;
  Verdict baseline = Verdict::pass;  ///< the worst of its changes since the baseline
};

/// A setting of the budget with which a breached limit would pass, everything else being as it is.
struct Remedy {
  std::string_view setting;  ///< a key of budgets: "context", "kv_precision"
  std::string value;         ///< the nearest that passes: "62500", "fp8"
};

/// One limit at one point.
struct JudgedLimit {
  const Limit* limit;
  Count context;
  Count batch;
  MetricValue actual;
  MetricValue bound;       ///< the limit in the metric's unit, a share of memory as bytes
  bool unbounded = false;  ///< `actual` is empty: nothing bounds it, so that it is above every limit
  Verdict verdict = Verdict::pass;
  std::vector<Remedy> remedies;  ///< of a breach; empty where none was found
};

struct JudgedBudget {
  const Budget* budget;
  std::unique_ptr<Deployment> deployment;
  std::vector<BudgetPoint> points;  ///< the context fastest
  std::vector<JudgedLimit> limits;  ///< of each limit in turn, as points
  Verdict verdict = Verdict::pass;  ///< the worst of its limits and of those changes
};

/// A setting or a key of the model's config that is not as it was.
struct ChangeCause {
  std::string key;     ///< "kv_precision", or a JSON Pointer into the config: "/num_key_value_heads"
  std::string before;  ///< "8"; "nothing" where it was not there
  std::string after;
};

/// A metric that is not as in the baseline.
struct BudgetChange {
  const JudgedBudget* budget;
  Count context;
  Count batch;
  MetricChange change;
  std::string allowed;  ///< "5%"; empty where it is not judged
  Verdict verdict = Verdict::pass;
  std::vector<ChangeCause> causes;  ///< of a change that is too much, where they are known
};

/// What differs from an earlier report.
struct BaselineComparison {
  struct Point {
    const JudgedBudget* budget;
    Count context;
    Count batch;
  };
  std::string source;                 ///< the report's file
  std::size_t compared = 0;           ///< points that are in both
  std::vector<Point> missing;         ///< that the baseline lacks
  std::vector<BudgetChange> changes;  ///< in the order of the budgets
  Verdict verdict = Verdict::pass;
};

/// Everything that was judged. Its budgets are referred to and stay where they are.
struct BudgetReport {
  std::vector<Budget> budgets;
  std::vector<JudgedBudget> judged;  ///< as budgets, but for those of files with faults
  std::vector<BudgetFault> faults;   ///< of files that are not judged
  std::optional<BaselineComparison> baseline;
  Verdict verdict = Verdict::pass;  ///< the worst of all
};

struct JudgeOptions {
  bool fail_on_warning = false;  ///< breaches of level "warning" fail, too
  bool remedies = true;          ///< look for settings that pass
};

/// Judges budgets. Where a limited metric has no value (the model's file does not allow it to be known, or it needs a
/// GPU), that is a fault of the budget's file, of which nothing is judged then.
BudgetReport judge(BudgetFiles files, const JudgeOptions& options = {});

}  // namespace ctxcost
