#include "ctxcost/answer/baseline.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "core/decimal.h"
#include "ctxcost/answer/difference.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "input/formats.h"
#include "input/json/config_changes.h"
#include "input/model_config.h"
#include "input/saved_report/saved_report.h"

namespace ctxcost {
namespace {

RecordedValue recorded(const MetricValue& value) {
  if (const auto* count = std::get_if<Count>(&value)) return SignedCount{false, *count};
  if (const auto* negative = std::get_if<Negative>(&value)) return SignedCount{true, negative->magnitude};
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* level = std::get_if<std::string_view>(&value)) return std::string(*level);
  return {};
}

/// The key of a point: a budget's name, or the series of a report without budgets.
using Key = std::tuple<std::string, Count, Count>;

std::string series_of(std::string_view model, std::string_view weights, std::string_view kv, std::string_view engine) {
  std::string text(model);
  for (const std::string_view part : {weights, kv, engine}) (text += '\n') += part;
  return text;
}

class Matcher {
 public:
  explicit Matcher(const ReportRecord& baseline) {
    for (const PointRecord& point : baseline.points) {
      const std::string_view budget = label_of(point, "budget");
      std::string name = budget.empty() ? series_of(point.model, label_of(point, "weights"),
                                                    label_of(point, "kv_precision"), label_of(point, "engine"))
                                        : std::string(budget);
      auto& table = budget.empty() ? series_ : budgets_;
      table[{std::move(name), point.context, point.batch}].push_back(&point);
    }
  }

  /// Finds the point of the baseline, or null. Budgets with the same name are distinguished by their files.
  const PointRecord* find(const JudgedBudget& judged, const BudgetPoint& point) const {
    const Budget& budget = *judged.budget;
    if (const auto found = budgets_.find({budget.name, point.context, point.batch}); found != budgets_.end()) {
      const auto same = std::find_if(found->second.begin(), found->second.end(), [&](const PointRecord* candidate) {
        return label_of(*candidate, "file") == budget.file;
      });
      if (same != found->second.end()) return *same;
      return found->second.size() == 1 ? found->second.front() : nullptr;
    }
    const Estimator& estimator = judged.deployment->estimator();
    const std::string_view engine =
        estimator.engine().name.empty() ? estimator.engine().engine->name : std::string_view(estimator.engine().name);
    const auto found =
        series_.find({series_of(budget.model->name, estimator.weights().name(), estimator.kv().name(), engine),
                      point.context, point.batch});
    return found != series_.end() && found->second.size() == 1 ? found->second.front() : nullptr;
  }

 private:
  std::map<Key, std::vector<const PointRecord*>> budgets_, series_;
};

void check_convention(const ReportRecord& baseline, const PointRecord& before, const Budget& budget) {
  const Workload& workload = budget.setup.workload;
  const RecordedConvention now = {workload.convention.name, workload.convention.flops_per_mac,
                                  workload.convention.pairs == PairRule::reach ? "reach" : "exact",
                                  workload.logits == Logits::last ? "last" : "all"};
  if (now.counts_like(before.convention)) return;
  const auto words = [](const RecordedConvention& convention) {
    return convention.name + " (flops_per_mac=" + to_string(convention.flops_per_mac) + ",pairs=" + convention.pairs +
           ",logits=" + convention.logits + ")";
  };
  throw InputError(Diagnostic{baseline.source, "/conventions",
                              "expected the convention of budget \"" + budget.name + "\", " + words(now) + ", found " +
                                  words(before.convention),
                              "save a report again, or set the budget's \"convention\""});
}

/// Returns the increase that is allowed for a metric. Null if the metric is not judged.
const AllowedIncrease* find_allowed(const std::vector<AllowedIncrease>& allowed, Metric metric) {
  const AllowedIncrease* found = nullptr;
  for (const AllowedIncrease& increase : allowed) {
    if (increase.metric == metric || (!increase.metric && (found == nullptr || !found->metric))) found = &increase;
  }
  return found;
}

/// Levels have no size, so any worse level is too much.
Threshold threshold_of(Metric metric, const AllowedIncrease& increase) {
  const std::string name(info(metric).name);
  return parse_threshold(info(metric).unit == Unit::level ? name : name + " > " + increase.text, increase.source);
}

/// The most changed keys to examine. With more, the config counts as another model.
constexpr std::size_t kMostKeys = 64;

std::string shown(const JsonValue* value) { return value == nullptr ? "nothing" : describe(*value); }

/// Finds what makes metrics of one point change.
class Causes {
 public:
  Causes(const JudgedBudget& judged, const BudgetPoint& point, const PointRecord& before, const JsonDocument& baseline)
      : judged_(judged), point_(point) {
    const Budget& budget = *judged.budget;
    const Estimator& estimator = judged.deployment->estimator();
    const std::string_view engine =
        estimator.engine().name.empty() ? estimator.engine().engine->name : std::string_view(estimator.engine().name);
    add_setting("model", before.model, budget.model->name);
    add_setting("weights", label_of(before, "weights"), estimator.weights().name());
    add_setting("kv_precision", label_of(before, "kv_precision"), estimator.kv().name());
    add_setting("engine", label_of(before, "engine"), engine);
    add_setting("parallel", label_of(before, "parallel"), budget.setup.settings.parallelism.name());
    const JsonValue* configs = baseline.root.find("configs");
    const JsonValue* config = configs == nullptr || !budget.config ? nullptr : configs->find(budget.config->source);
    if (config == nullptr) return;
    changes_ = config_changes(*config, config_root(*budget.config));
    if (changes_.size() > kMostKeys) changes_.clear();
    if (changes_.empty()) return;
    base_ = estimate(*config);
    JsonValue changed = *config;
    for (const ConfigChange& change : changes_) {
      const AppliedChange applied(changed, change);
      effects_.push_back(applied ? estimate(changed) : std::nullopt);
    }
  }

  std::vector<ChangeCause> of(Metric metric) const {
    std::vector<ChangeCause> causes = settings_;
    std::vector<ChangeCause> alone, all;
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      ChangeCause cause{changes_[i].pointer, shown(changes_[i].before), shown(changes_[i].after)};
      if (base_ && effects_[i] && recorded((*base_)[metric]) != recorded((*effects_[i])[metric]))
        alone.push_back(cause);
      all.push_back(std::move(cause));
    }
    // Keys without an effect of their own may have one together.
    if (alone.empty() && causes.empty()) alone = std::move(all);
    causes.insert(causes.end(), alone.begin(), alone.end());
    return causes;
  }

 private:
  void add_setting(std::string_view key, std::string_view before, std::string_view after) {
    if (before != after) settings_.push_back({std::string(key), std::string(before), std::string(after)});
  }

  /// Returns the values of this point with another config. Empty if there are none.
  std::optional<DeploymentEstimate> estimate(const JsonValue& config) const {
    try {
      Setup setup = judged_.budget->setup;
      setup.model = read_model({judged_.budget->config->source, "", config}, {});
      return Deployment(setup).at(point_.context, point_.batch);
    } catch (const InputError&) {
      return std::nullopt;
    } catch (const CountOverflow&) {
      return std::nullopt;
    }
  }

  const JudgedBudget& judged_;
  const BudgetPoint& point_;
  std::vector<ChangeCause> settings_;
  std::vector<ConfigChange> changes_;
  std::optional<DeploymentEstimate> base_;
  std::vector<std::optional<DeploymentEstimate>> effects_;  // in the order of changes_
};

}  // namespace

AllowedIncrease parse_allowed_increase(std::string_view text, std::string_view source) {
  AllowedIncrease increase;
  increase.source = source;
  const std::size_t equals = text.find('=');
  if (equals != std::string_view::npos) {
    const std::string_view name = text.substr(0, equals);
    increase.metric = find_metric(name);
    std::vector<std::string_view> names;
    for (const MetricInfo& row : metrics()) names.push_back(row.name);
    for (const MetricInfo& row : device_metrics()) names.push_back(row.name);
    if (!increase.metric) {
      throw InputError(Diagnostic{std::string(source), "", "unknown metric \"" + std::string(name) + "\"",
                                  did_you_mean(name, names)});
    }
    if (info(*increase.metric).worse == Worse::neither) {
      throw InputError(Diagnostic{std::string(source), "",
                                  "neither direction of \"" + std::string(name) + "\" is worse",
                                  "limit it in a budget"});
    }
    text.remove_prefix(equals + 1);
  }
  std::string_view rest = text;
  if (!read_decimal(rest) || rest != "%") {
    throw InputError(Diagnostic{std::string(source), "", "expected a percentage, found \"" + std::string(text) + "\"",
                                "write 5% or kv_cache_bytes=5%"});
  }
  increase.text = text;
  return increase;
}

Baseline load_baseline(std::string_view path) { return parse_baseline(read_text(path, kSavedReport), path); }

Baseline parse_baseline(std::string_view text, std::string_view origin) {
  auto document = std::make_shared<const JsonDocument>(parse_json(text, origin));
  ReportRecord record = read_saved_report(*document);
  return {std::move(record), std::move(document)};
}

BudgetReport check(BudgetFiles files, const CheckOptions& options) {
  BudgetReport report = judge(std::move(files), options.judging);
  if (options.baseline) compare_with_baseline(report, *options.baseline, options.allowed, options.judging);
  return report;
}

void compare_with_baseline(BudgetReport& report, const Baseline& earlier, const std::vector<AllowedIncrease>& allowed,
                           const JudgeOptions& options) {
  const ReportRecord& baseline = earlier.record;
  std::vector<std::optional<Threshold>> thresholds(kMetricCount + kDeviceMetricCount);
  std::vector<std::string> texts(thresholds.size());
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    const auto metric = static_cast<Metric>(i);
    if (info(metric).worse == Worse::neither) continue;
    if (const AllowedIncrease* increase = find_allowed(allowed, metric)) {
      thresholds[i] = threshold_of(metric, *increase);
      texts[i] = increase->text;
    }
  }

  BaselineComparison comparison;
  comparison.source = baseline.source;
  const Matcher matcher(baseline);
  for (JudgedBudget& judged : report.judged) {
    const bool fails = judged.budget->level == BudgetLevel::error || options.fail_on_warning;
    for (BudgetPoint& point : judged.points) {
      const PointRecord* const before = matcher.find(judged, point);
      if (before == nullptr) {
        comparison.missing.push_back({&judged, point.context, point.batch});
        continue;
      }
      ++comparison.compared;
      check_convention(baseline, *before, *judged.budget);
      std::optional<Causes> causes;
      for (const auto& [metric, value] : before->values) {
        if (info(metric).worse == Worse::neither) continue;
        const RecordedValue now = recorded(point.values[metric]);
        // Metrics that either side lacks are not compared.
        if (now == value || std::holds_alternative<std::monostate>(now) ||
            std::holds_alternative<std::monostate>(value)) {
          continue;
        }
        BudgetChange change{&judged, point.context, point.batch, change_of(metric, value, now), {}, Verdict::pass, {}};
        const std::optional<Threshold>& threshold = thresholds[static_cast<std::size_t>(metric)];
        if (threshold) {
          change.allowed = texts[static_cast<std::size_t>(metric)];
          if (holds(*threshold, value, now).value_or(false)) change.verdict = fails ? Verdict::fail : Verdict::warn;
        }
        if (change.verdict != Verdict::pass) {
          if (!causes) causes.emplace(judged, point, *before, *earlier.document);
          change.causes = causes->of(metric);
          ++comparison.too_much;
        }
        point.baseline = std::max(point.baseline, change.verdict);
        judged.verdict = std::max(judged.verdict, change.verdict);
        comparison.verdict = std::max(comparison.verdict, change.verdict);
        comparison.changes.push_back(std::move(change));
      }
    }
  }
  // If files have faults, the missing budget may be in one of them.
  if (comparison.compared == 0 && report.faults.empty()) {
    throw InputError(Diagnostic{baseline.source, "", "expected a budget, context and batch of this check, found none",
                                "`ctxcost check FILE --save` writes a baseline"});
  }
  report.verdict = std::max(report.verdict, comparison.verdict);
  report.baseline = std::move(comparison);
  report.counts = count_verdicts(report);
}

}  // namespace ctxcost
