#include "ctxcost/answer/judge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/running_cost.h"
#include "ctxcost/deployment/solve.h"
#include "remedies.h"

namespace ctxcost {
namespace {

/// The most breaches for which passing settings are searched. More would not be read, and each takes a search.
constexpr std::size_t kMostRemedied = 50;
/// So many kinds of layers count like a further breach: each is counted in every deployment that is tried.
constexpr std::size_t kKindsOfABreach = 20;

struct Actual {
  MetricValue value;
  bool unbounded = false;
};

double real_of(const MetricValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* count = std::get_if<Count>(&value)) return count->to_double();
  if (const auto* level = std::get_if<std::string_view>(&value)) {
    return static_cast<double>(std::find(std::begin(kWindowLevels), std::end(kWindowLevels), *level) - kWindowLevels);
  }
  return -1;  // a negative value is below any limit
}

bool within(const Actual& actual, LimitSide side, const MetricValue& bound) {
  if (actual.unbounded) return side == LimitSide::min;
  const auto* const count = std::get_if<Count>(&actual.value);
  const auto* const limit = std::get_if<Count>(&bound);
  if (count != nullptr && limit != nullptr) return side == LimitSide::max ? *count <= *limit : *count >= *limit;
  return side == LimitSide::max ? real_of(actual.value) <= real_of(bound) : real_of(actual.value) >= real_of(bound);
}

/// Returns by how much a breached limit is missed. Empty if that is not a number.
MetricValue distance(const MetricValue& actual, const MetricValue& bound) {
  const auto* const limit = std::get_if<Count>(&bound);
  if (const auto* missing = std::get_if<Negative>(&actual); missing != nullptr && limit != nullptr) {
    return *limit + missing->magnitude;
  }
  const auto* const count = std::get_if<Count>(&actual);
  if (count != nullptr && limit != nullptr) return *count > *limit ? *count - *limit : *limit - *count;
  if (std::holds_alternative<std::string_view>(bound)) return {};
  return std::abs(real_of(actual) - real_of(bound));
}

/// The same in percent of the limit.
std::optional<double> distance_percent(const MetricValue& actual, const MetricValue& bound) {
  if (std::holds_alternative<Negative>(actual) || std::holds_alternative<std::string_view>(bound)) return std::nullopt;
  const double base = real_of(bound);
  if (base == 0) return std::nullopt;
  return std::abs(real_of(actual) - base) / base * 100;
}

MetricValue ratio(const MetricValue& value, const MetricValue& base) {
  const auto* const numerator = std::get_if<Count>(&value);
  const auto* const denominator = std::get_if<Count>(&base);
  if (numerator == nullptr || denominator == nullptr || *denominator == 0) return {};
  return numerator->to_double() / denominator->to_double();
}

bool is_solved(Metric metric) {
  return metric == Metric::max_context || metric == Metric::max_context_memory || metric == Metric::max_batch ||
         metric == Metric::min_gpus;
}

/// Returns the answer of a search, or 0 if not even 1 fits.
Actual solved(const Deployment& deployment, Metric metric, Count context, Count batch) {
  if (metric == Metric::min_gpus) {
    // Only `max_context` and `window_status` depend on the window.
    Setup setup = deployment.setup();
    setup.settings.beyond_window = true;
    const FewestGpus fewest = min_gpus(setup, context, batch);
    if (!fewest.gpus) return {{}, true};
    return {*fewest.gpus};
  }
  const LargestFit most = metric == Metric::max_context          ? max_context(deployment, batch)
                          : metric == Metric::max_context_memory ? max_context_memory(deployment, batch)
                                                                 : max_batch_memory(deployment, context);
  if (most.unbounded) return {{}, true};
  return {most.value.value_or(0)};
}

/// Returns the limit in the metric's unit.
MetricValue bound_of(const Limit& limit, const DeploymentSettings& settings) {
  if (!limit.gpu_share) return limit.value;
  Count divisor = 100;
  for (std::uint32_t i = 0; i < limit.gpu_share->decimals; ++i) divisor *= 10;
  const Count scaled = settings.gpu->memory() * limit.gpu_share->digits;
  return limit.side == LimitSide::max ? scaled / divisor : ceil_div(scaled, divisor);
}

/// Judges one budget. A limit whose metric has no value becomes a fault.
class Judge {
 public:
  /// `remedied` counts the breaches for which passing settings were searched.
  /// `deployment` is that of an earlier budget with the same setup, or null; it is then made, and kept there.
  Judge(const Budget& budget, const JudgeOptions& options, std::vector<BudgetFault>& faults, std::size_t& remedied,
        std::shared_ptr<const Deployment>& deployment)
      : budget_(budget), options_(options), faults_(faults), remedied_(remedied), deployment_(deployment) {}

  JudgedBudget judge() {
    JudgedBudget result;
    result.budget = &budget_;
    try {
      if (!deployment_) deployment_ = std::make_shared<const Deployment>(budget_.setup);
      result.deployment = deployment_;
      evaluate(result);
    } catch (const InputError& error) {
      for (const Diagnostic& fault : error.diagnostics()) add_fault(budget_place(), fault.message, fault.hint);
      return result;
    } catch (const CountOverflow& error) {
      add_fault(budget_place(), std::string("a count does not fit 128 bits (") + error.what() + ")");
      return result;
    }
    for (const Limit& limit : budget_.limits) judge(limit, result);
    for (const JudgedLimit& limit : result.limits) {
      result.limits_verdict = std::max(result.limits_verdict, limit.verdict);
    }
    result.verdict = result.limits_verdict;
    for (BudgetPoint& point : result.points) point.margin_note = result.deployment->margin_note(point.values);
    return result;
  }

 private:
  void evaluate(JudgedBudget& result) const {
    for (const Count batch : budget_.batches) {
      const std::size_t first = result.points.size();
      for (const Count context : budget_.contexts) {
        result.points.push_back({context, batch, result.deployment->at(context, batch), {}, Verdict::pass});
        DeploymentEstimate& values = result.points.back().values;
        const DeploymentEstimate& base = result.points[first].values;
        values[Metric::growth_attention_flops] = ratio(values[Metric::attention_flops], base[Metric::attention_flops]);
        values[Metric::growth_kv_cache] = ratio(values[Metric::kv_cache_bytes], base[Metric::kv_cache_bytes]);
      }
    }
  }

  void judge(const Limit& limit, JudgedBudget& result) {
    for (BudgetPoint& point : result.points) {
      JudgedLimit judged;
      judged.limit = &limit;
      judged.context = point.context;
      judged.batch = point.batch;
      judged.bound = bound_of(limit, budget_.setup.settings);
      Actual actual{point.values[limit.metric]};
      try {
        if (is_solved(limit.metric)) actual = solved(*result.deployment, limit.metric, point.context, point.batch);
      } catch (const InputError& error) {
        const Diagnostic& fault = error.diagnostics().front();
        return add_fault(limit.place, fault.message, fault.hint);
      } catch (const CountOverflow& error) {
        return add_fault(limit.place, std::string("a count does not fit 128 bits (") + error.what() + ")");
      }
      if (std::holds_alternative<std::monostate>(actual.value) && !actual.unbounded) return fail_unknown(limit);
      point.values[limit.metric] = actual.value;
      judged.actual = actual.value;
      judged.unbounded = actual.unbounded;
      if (!within(actual, limit.side, judged.bound)) {
        const bool fails = budget_.level == BudgetLevel::error || options_.fail_on_warning;
        judged.verdict = fails ? Verdict::fail : Verdict::warn;
        if (!judged.unbounded) {
          judged.distance = distance(judged.actual, judged.bound);
          judged.distance_percent = distance_percent(judged.actual, judged.bound);
        }
        if (options_.remedies && remedied_ < kMostRemedied) judged.remedies = remedies(judged, *result.deployment);
        remedied_ += 1 + budget_.setup.model->groups.size() / kKindsOfABreach;
      }
      result.limits.push_back(std::move(judged));
    }
  }

  /// Returns the place of the budget itself: the line of its name.
  TextPlace budget_place() const {
    TextPlace place = budget_.place;
    place.pointer.resize(place.pointer.rfind('/'));
    return place;
  }

  void add_fault(const TextPlace& place, std::string message, std::string hint = {}) {
    faults_.push_back(
        {budget_.file, budget_.file, {budget_.file, place.pointer, std::move(message), std::move(hint)}, place});
  }

  void fail_unknown(const Limit& limit) {
    const MetricInfo& metric = info(limit.metric);
    std::string message = "\"" + std::string(metric.name) + "\" of \"" + budget_.model_name + "\" is unknown";
    std::string hint = "its file does not say enough for this metric";
    if (needs_devices(limit.metric) && !budget_.setup.settings.has_cards()) {
      message = "\"" + std::string(metric.name) + "\" needs a \"gpu\"";
      hint = "`ctxcost list gpus` shows all";
    }
    const DeploymentSettings& settings = budget_.setup.settings;
    const Unit unit = info(limit.metric).unit;
    if (settings.has_cards() && unit == Unit::usd && !running_rate(budget_.setup).usd_per_hour) {
      hint = "no list price of " + settings.cards_name() + " is known: give a \"price\"";
    } else if (settings.has_cards() && unit == Unit::joules && !running_rate(budget_.setup).watts) {
      hint = "its board power is not in the catalogue: give a \"power\"";
    }
    add_fault(limit.place, std::move(message), std::move(hint));
  }

  /// Returns whether the limit would pass there. Throws InputError if that is unknown.
  static bool passes(const JudgedLimit& judged, const Deployment& deployment, Count context, Count batch) {
    const Metric metric = judged.limit->metric;
    const Actual actual = is_solved(metric) ? solved(deployment, metric, context, batch)
                                            : Actual{deployment.metric(metric, context, batch)};
    if (std::holds_alternative<std::monostate>(actual.value) && !actual.unbounded) return false;
    return within(actual, judged.limit->side, judged.bound);
  }

  std::vector<Remedy> remedies(const JudgedLimit& judged, const Deployment& deployment) {
    static constexpr std::string_view kSettings[] = {"beyond_window", "context", "batch",
                                                     "kv_precision",  "weights", "gpus"};
    const Metric metric = judged.limit->metric;
    // Remedies only lower the cost. A minimum of bytes never asks for "more bytes".
    const Worse worse = judged.limit->side == LimitSide::max ? Worse::higher : Worse::lower;
    if (info(metric).worse != worse) return {};
    std::span<const std::string_view> settings = kSettings;
    // More GPUs change no metric of the whole model.
    if (!needs_devices(metric)) settings = settings.first(settings.size() - 1);
    if (!search_) {
      const Parallelism& parallelism = budget_.setup.settings.parallelism;
      const Count ranks = parallelism.*spread_degree(*budget_.setup.engine.engine);
      search_.emplace(deployment, parallelism.devices() != ranks);
    }
    const auto passes_at = [&](const Deployment& other, Count context, Count batch) {
      return passes(judged, other, context, batch);
    };
    return search_->find({judged.context, judged.batch, passes_at}, settings);
  }

  const Budget& budget_;
  const JudgeOptions& options_;
  std::vector<BudgetFault>& faults_;
  std::size_t& remedied_;
  std::shared_ptr<const Deployment>& deployment_;
  std::optional<RemedySearch> search_;  ///< created at the first breach
};

}  // namespace

BudgetReport judge(BudgetFiles files, const JudgeOptions& options) {
  BudgetReport report;
  report.budgets = std::move(files.budgets);
  report.faults = std::move(files.faults);
  std::size_t remedied = 0;
  std::map<std::pair<std::string_view, std::size_t>, std::shared_ptr<const Deployment>> deployments;
  for (const Budget& budget : report.budgets) {
    std::shared_ptr<const Deployment>& deployment = deployments[{budget.file, budget.setup_number}];
    report.judged.push_back(Judge(budget, options, report.faults, remedied, deployment).judge());
  }
  if (!report.faults.empty()) {
    report.verdict = Verdict::error;
    std::erase_if(report.judged, [&](const JudgedBudget& judged) {
      return std::any_of(report.faults.begin(), report.faults.end(),
                         [&](const BudgetFault& fault) { return fault.file == judged.budget->file; });
    });
  }
  for (const JudgedBudget& judged : report.judged) report.verdict = std::max(report.verdict, judged.verdict);
  report.counts = count_verdicts(report);
  return report;
}

std::size_t JudgedBudget::limits_met() const {
  return static_cast<std::size_t>(std::count_if(
      limits.begin(), limits.end(), [](const JudgedLimit& limit) { return limit.verdict == Verdict::pass; }));
}

Verdict JudgedBudget::verdict_at(std::size_t point) const {
  Verdict worst = points[point].baseline;
  // Each limit has a verdict for every point in turn.
  for (std::size_t i = point; i < limits.size(); i += points.size()) worst = std::max(worst, limits[i].verdict);
  return worst;
}

BudgetCounts count_verdicts(const BudgetReport& report) {
  BudgetCounts counts;
  counts.budgets = report.judged.size();
  for (const JudgedBudget& judged : report.judged) {
    if (judged.verdict == Verdict::pass) {
      ++counts.passed;
    } else if (judged.verdict == Verdict::warn) {
      ++(judged.by_baseline() ? counts.warned_by_baseline : counts.warned);
    } else {
      ++(judged.by_baseline() ? counts.failed_by_baseline : counts.failed);
    }
  }
  std::set<std::string_view> files;
  for (const BudgetFault& fault : report.faults) files.insert(fault.file);
  counts.files_in_error = files.size();
  return counts;
}

std::vector<LimitBreach> breaches(const BudgetReport& report) {
  std::vector<LimitBreach> found;
  for (const JudgedBudget& budget : report.judged) {
    for (const JudgedLimit& limit : budget.limits) {
      if (limit.verdict != Verdict::pass) found.push_back({budget, limit});
    }
  }
  return found;
}

std::vector<const BudgetChange*> excesses(const BudgetReport& report) {
  std::vector<const BudgetChange*> found;
  if (!report.baseline) return found;
  for (const BudgetChange& change : report.baseline->changes) {
    if (change.verdict != Verdict::pass) found.push_back(&change);
  }
  return found;
}

}  // namespace ctxcost
