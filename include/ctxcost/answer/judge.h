// Judges budgets: compares every limit with the metric that it limits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/answer/remedy.h"
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
  std::string margin_note;           ///< why the answer is tight; empty if it is not
  Verdict baseline = Verdict::pass;  ///< the worst of its changes since the baseline
};

/// One limit at one point.
struct JudgedLimit {
  const Limit* limit;
  Count context;
  Count batch;
  MetricValue actual;
  MetricValue bound;       ///< the limit in the metric's unit; a share of memory is in bytes
  bool unbounded = false;  ///< `actual` is empty because nothing bounds it; it is above every limit
  Verdict verdict = Verdict::pass;

  // Set for a breach:
  MetricValue distance;                    ///< by how much the limit is missed; empty if that is not a number
  std::optional<double> distance_percent;  ///< the same in percent of the limit; empty if it is undefined
  std::vector<Remedy> remedies;            ///< each alone lets it pass; empty if none was found
};

struct JudgedBudget {
  const Budget* budget;
  std::shared_ptr<const Deployment> deployment;  ///< shared by the budgets of a file with the same setup
  std::vector<BudgetPoint> points;               ///< ordered with the context varying fastest
  std::vector<JudgedLimit> limits;               ///< limit by limit, each at every point
  Verdict limits_verdict = Verdict::pass;        ///< the worst of its limits
  Verdict verdict = Verdict::pass;               ///< the worst of its limits and of the changes since the baseline

  /// Returns how many limits hold, counted at each of their points.
  std::size_t limits_met() const;
  /// Returns whether the baseline alone decides the verdict, because the limits would give a better one.
  bool by_baseline() const { return verdict > limits_verdict; }
  /// Returns the worst verdict at one point.
  Verdict verdict_at(std::size_t point) const;
};

/// A setting or config key that differs from the baseline.
struct ChangeCause {
  std::string key;     ///< "kv_precision", or a JSON Pointer into the config: "/num_key_value_heads"
  std::string before;  ///< "8"; "nothing" if it was absent
  std::string after;
};

/// A metric that differs from the baseline.
struct BudgetChange {
  const JudgedBudget* budget;
  Count context;
  Count batch;
  MetricChange change;
  std::string allowed;  ///< "5%"; empty if it is not judged
  Verdict verdict = Verdict::pass;
  std::vector<ChangeCause> causes;  ///< causes of a change beyond the allowed increase, if known
};

/// The differences from an earlier report.
struct BaselineComparison {
  struct Point {
    const JudgedBudget* budget;
    Count context;
    Count batch;
  };
  std::string source;                 ///< the report's file
  std::size_t compared = 0;           ///< points that are in both
  std::vector<Point> missing;         ///< points that the baseline lacks
  std::vector<BudgetChange> changes;  ///< in the order of the budgets
  std::size_t too_much = 0;           ///< changes whose verdict is not pass
  Verdict verdict = Verdict::pass;
};

/// Numbers of budgets by verdict.
struct BudgetCounts {
  std::size_t budgets = 0;
  std::size_t passed = 0;
  std::size_t warned = 0;
  std::size_t warned_by_baseline = 0;  ///< beside those: all limits hold, a change since the baseline is too much
  std::size_t failed = 0;
  std::size_t failed_by_baseline = 0;  ///< the same
  std::size_t files_in_error = 0;
  friend bool operator==(const BudgetCounts&, const BudgetCounts&) = default;
};

/// The results of judging budgets. It refers to the budgets.
struct BudgetReport {
  std::vector<Budget> budgets;
  std::vector<JudgedBudget> judged;  ///< as budgets, but for those of files with faults
  std::vector<BudgetFault> faults;   ///< of files that are not judged
  std::optional<BaselineComparison> baseline;
  BudgetCounts counts;
  Verdict verdict = Verdict::pass;  ///< the worst of all
};

/// A limit that does not hold.
struct LimitBreach {
  const JudgedBudget& budget;
  const JudgedLimit& limit;
};
/// Returns every breach in the order of the report. The result refers to the report.
std::vector<LimitBreach> breaches(const BudgetReport& report);
/// Returns the changes since the baseline that are too much, in their order. None without a baseline.
std::vector<const BudgetChange*> excesses(const BudgetReport& report);

struct JudgeOptions {
  bool fail_on_warning = false;  ///< breaches of level "warning" also fail
  bool remedies = true;          ///< look for settings that pass
};

/// Judges budgets. If a limited metric has no value (the model's file does not determine it, or it needs a GPU), that
/// is a fault of the budget's file, and nothing in the file is judged.
BudgetReport judge(BudgetFiles files, const JudgeOptions& options = {});

/// Counts the budgets by verdict.
BudgetCounts count_verdicts(const BudgetReport& report);

}  // namespace ctxcost
