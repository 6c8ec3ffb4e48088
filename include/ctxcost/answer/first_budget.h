// The first budget of a model: limits a little beyond what it takes today. The answer of `init`.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/input/budget.h"

namespace ctxcost {

/// A limit as a budget file writes it (docs/budgets.md).
struct FirstLimit {
  Metric metric;
  LimitSide side;
  std::string text;  ///< "18.3 GiB", "64K", "12.3ms", "trained"; digits alone are an integer
};

/// Percent by which a limit lies beyond the figure of today.
inline constexpr unsigned kFirstLimitSlack = 5;

/// Returns limits that the model keeps at this context and batch, rounded away from today's figures: weights, reserved
/// cache and state; on GPUs also the memory of the fullest, never above what may be used of it, the bounds of prefill
/// and decode, and the longest context, never below the one asked for; and today's level of the window. A figure that
/// is unknown or zero gets none. Throws InputError as `Deployment::at`.
std::vector<FirstLimit> first_limits(const Deployment& deployment, Count context, Count batch);

/// A key of a budget and its value.
struct FirstSetting {
  std::string key;
  std::string text;
  bool is_word = false;  ///< a name, which has quotes even where it looks like a number ("4090")
};

/// A budget file with one budget.
struct FirstBudget {
  std::string name;
  std::vector<FirstSetting> settings;  ///< in the order of the file
  std::vector<FirstLimit> limits;
};

}  // namespace ctxcost
