#include "ctxcost/answer/difference.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "ctxcost/estimate/report.h"
#include "input/formats.h"
#include "input/json/asked_keys.h"
#include "input/json/config_changes.h"
#include "input/json/json_text.h"
#include "input/model_config.h"
#include "model/most_kinds.h"
#include "model/same_figures.h"

namespace ctxcost {
namespace {

template <typename List, typename Value>
bool contains(const List& list, const Value& value) {
  for (const auto& one : list) {
    if (one == value) return true;
  }
  return false;
}

/// The most bytes of configs that are read to find what each key alone changes.
constexpr std::size_t kMostTriedBytes = std::size_t{8} << 20;

/// Selects the requested points of a saved report.
ReportRecord chosen(ReportRecord report, const Grid& grid) {
  std::erase_if(report.points, [&](const PointRecord& point) {
    return (!grid.contexts.empty() && !contains(grid.contexts, point.context)) ||
           (!grid.batches.empty() && !contains(grid.batches, point.batch));
  });
  if (report.points.empty()) {
    throw InputError(
        Diagnostic{report.source, "", "expected results of the chosen contexts and batches, found none", ""});
  }
  return report;
}

/// One side's points, and the report that they are of, where they are not of a saved one. The report refers to the
/// comparand's model.
struct Side {
  std::optional<Report> report;
  std::shared_ptr<const ReportRecord> points;
};

Side side_of(const Comparand& comparand, const DiffOptions& options) {
  Side side;
  if (const auto* saved = std::get_if<ReportRecord>(&comparand.content)) {
    side.points = std::make_shared<const ReportRecord>(chosen(*saved, options.grid));
    return side;
  }
  Grid grid = options.grid;
  const Model& model = std::get<ComparedModel>(comparand.content).model;
  grid.models.emplace_back(std::shared_ptr<const Model>(std::shared_ptr<const Model>(), &model));
  side.report.emplace(std::move(grid), options.counting);
  side.points = std::make_shared<const ReportRecord>(record(*side.report, comparand.name));
  return side;
}

/// Finds the effect of each key alone: the old model is evaluated again with only that key changed.
class KeyEffects {
 public:
  /// `counted` is the report of the old model, which may be of more than its config: of files beside it.
  KeyEffects(const JsonDocument& before, const Report& counted, const DiffOptions& options)
      : document_{before.source, "", config_root(before)}, options_(options), grid_(options.grid) {
    // The search for a key looks only at the ends of long lists.
    if (grid_.contexts.size() > kMostContexts) {
      LengthList ends(grid_.contexts.smallest());
      ends.append(LengthList(grid_.contexts.largest()));
      grid_.contexts = std::move(ends);
    }
    if (!grid_.batches.empty()) grid_.batches = LengthList(grid_.batches.smallest());
    const InputFormat* const format = input_format_of(document_.root);
    reads_by_name_ = format != nullptr && format->reads_by_name;
    std::optional<Model> model = [this] {
      const AskedKeys::Watch watch(asked_);
      return read();
    }();
    if (!model) return;
    if (counted.is_remembered() && counted.grid().contexts.size() <= kMostContexts &&
        options.grid.batches.size() <= 1 && same_figures(*model, *counted.grid().models.front())) {
      base_ = &counted;
    } else if ((own_ = report_of(*std::move(model)))) {
      base_ = &*own_;
    }
    if (base_ == nullptr) return;
    for (const MetricInfo& one : metrics()) {
      if (is_compared(options_.metrics, one.metric)) compared_.add(one.metric);
    }
    rows_.reserve(base_->rows().u64());
    base_->for_each_row([this](const GridPoint& row) { rows_.push_back(row.values); });
  }

  /// Empty if the changed text is not a valid model.
  std::optional<std::vector<Metric>> of(const ConfigChange& change) {
    if (base_ == nullptr) return std::nullopt;
    std::vector<Metric> found;
    if (!is_asked_for(change)) return found;
    const AppliedChange applied(document_.root, change);
    if (!applied) return std::nullopt;
    std::optional<Model> model = read();
    if (!model) return std::nullopt;
    if (same_figures(*model, *base_->grid().models.front())) return found;
    if (is_one_series(*model)) {
      const std::optional<MetricSet> differ = differing(*std::move(model));
      if (!differ) return std::nullopt;
      found.reserve(kMetricCount);
      for (const MetricInfo& one : metrics()) {
        if (differ->has(one.metric)) found.push_back(one.metric);
      }
      return found;
    }
    const std::optional<Report> other = report_of(*std::move(model));
    if (!other) return std::nullopt;
    const ReportRecord before = record(*base_, document_.source);
    const ReportRecord after = record(*other, document_.source);
    for (const PointComparison& point : compare(before, after, options_.metrics).points) {
      for (const MetricChange& one : point.changes) {
        if (!contains(found, one.metric)) found.push_back(one.metric);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  static constexpr std::uint64_t kMostContexts = 64;

  /// Whether the old model's reader looked for a key of the config; below it, it may look at all there is.
  bool is_asked_for(const ConfigChange& change) const {
    return !reads_by_name_ || change.path.size() != 1 || asked_.may_hold(change.path.front());
  }

  /// Whether the old model has one series of points, and a changed one has the same: then they are compared one by one.
  bool is_one_series(const Model& changed) const {
    if (base_->estimators().size() != 1 || grid_.split) return false;
    const LengthList batches = base_->batches(base_->estimators().front());
    return batches.size() == 1 &&
           (grid_.batches.empty() ? changed.batch : grid_.batches.smallest()) == batches.smallest();
  }

  /// The compared metrics that differ from those of the one series at any of its points. Empty if the model cannot be
  /// evaluated.
  std::optional<MetricSet> differing(Model changed) const {
    const Estimator& before = base_->estimators().front();
    const LengthList& contexts = base_->grid().contexts;
    const Count batch = base_->batches(before).smallest();
    MetricSet left = compared_;  // those that are not known to differ
    MetricSet differ;
    const Estimate* row = rows_.data();
    const auto look_at = [&](Metric metric, const MetricValue& value) {
      if (!left.has(metric) || (*row)[metric] == value) return;
      left.remove(metric);
      differ.add(metric);
    };
    if (differ_only_in_window(*base_->grid().models.front(), changed, before.weights().is_file_type())) {
      for (const Count context : contexts) {
        const std::optional<std::string_view> level = window_status(changed.positions, context);
        look_at(Metric::window_status, level ? MetricValue(*level) : MetricValue());
        ++row;
      }
      return differ;
    }
    try {
      const Estimator after(std::move(changed), before.settings(), before.engine());
      const Count smallest = contexts.smallest(), largest = contexts.largest();
      std::optional<Estimate> first;
      for (const Count context : contexts) {
        // As of a report, the ends are evaluated whole: what they refuse is no answer.
        const bool whole = !first || context == smallest || context == largest;
        if (whole || left != MetricSet()) {
          Estimate values = after.at(context, batch, whole ? MetricSet::all() : Report::with_sources(left));
          if (!first) first = values;
          Report::set_growth(values, *first, left);
          for (const MetricInfo& one : metrics()) {
            if (left.has(one.metric)) look_at(one.metric, values[one.metric]);
          }
        }
        ++row;
      }
    } catch (const InputError&) {
      return std::nullopt;
    }
    return differ;
  }

  /// The model of the text as it is now.
  std::optional<Model> read() const {
    try {
      return read_model(document_, options_.models);
    } catch (const InputError&) {
      return std::nullopt;
    }
  }

  std::optional<Report> report_of(Model model) const {
    try {
      Grid grid = grid_;
      grid.models.emplace_back(std::move(model));
      return std::optional<Report>(std::in_place, std::move(grid), options_.counting);
    } catch (const InputError&) {
      return std::nullopt;
    }
  }

  JsonDocument document_;
  const DiffOptions& options_;
  Grid grid_;
  AskedKeys asked_;
  bool reads_by_name_ = false;
  std::optional<Report> own_;
  const Report* base_ = nullptr;  // null: the old text alone is no valid model
  MetricSet compared_;
  std::vector<Estimate> rows_;  // of it
};

/// `counted`: the report of the old model.
void compare_keys(Difference& difference, const Comparand& before, const Comparand& after,
                  const std::optional<Report>& counted, const DiffOptions& options) {
  if (difference.saved) {
    difference.keys_note = "saved reports hold no config: which keys changed is not known";
    return;
  }
  const JsonDocument* const old_config = std::get<ComparedModel>(before.content).config.get();
  const JsonDocument* const new_config = std::get<ComparedModel>(after.content).config.get();
  if (old_config == nullptr || new_config == nullptr) {
    difference.keys_note =
        format("the keys are not compared: {} has no config", old_config == nullptr ? before.name : after.name);
    return;
  }
  const JsonValue& old_root = config_root(*old_config);
  const JsonValue& new_root = config_root(*new_config);
  if (input_format_of(old_root) != input_format_of(new_root)) {
    difference.keys_note = "the keys are not compared: the files are of different formats";
    return;
  }
  const auto text = [](const JsonValue* value) {
    return value == nullptr ? std::nullopt : std::optional<std::string>(to_text(*value));
  };
  KeyEffects effects(*old_config, *counted, options);
  const std::vector<ConfigChange> changes = config_changes(old_root, new_root);
  // Each trial copies and reads the whole text.
  const std::size_t most = kMostTriedBytes / std::max<std::size_t>(1, old_config->text.size());
  difference.keys.reserve(changes.size());
  for (const ConfigChange& change : changes) {
    const bool tried = difference.keys.size() < most;
    difference.keys.push_back(
        {change.pointer, text(change.before), text(change.after), tried ? effects.of(change) : std::nullopt, tried});
  }
  if (changes.size() > most) {
    difference.keys_note = format("{} keys differ: only the first {} were tried alone", with_separators(changes.size()),
                                  with_separators(most));
  }
}

/// Judges the threshold at each point. An unknown value does not pass.
JudgedThreshold judge(const Threshold& threshold, const Difference& difference) {
  const auto unknown = [](const RecordedValue* value) {
    return value == nullptr || std::holds_alternative<std::monostate>(*value);
  };
  JudgedThreshold judged{threshold, {}, Verdict::pass};
  const std::vector<PointComparison>& points = difference.comparison.points;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const RecordedValue* const before = points[i].before->find(threshold.metric);
    const RecordedValue* const after = points[i].after->find(threshold.metric);
    const std::optional<bool> held =
        unknown(before) || unknown(after) ? std::nullopt : holds(threshold, *before, *after);
    if (!held) {
      throw InputError(Diagnostic{
          threshold.source, "",
          format("\"{}\" cannot be judged: {} of {} is unknown at {}", threshold.text, info(threshold.metric).name,
                 (unknown(before) ? difference.before : difference.after)->source,
                 length_label(points[i].after->context)),
          ""});
    }
    if (*held) judged.breaches.push_back({i, change_of(threshold.metric, *before, *after)});
  }
  if (!judged.breaches.empty()) judged.verdict = Verdict::fail;
  return judged;
}

/// Finds the labels that are the same at all points, and those that differ.
void find_what_varies(Difference& difference) {
  const std::vector<PointComparison>& points = difference.comparison.points;
  const PointComparison& first = points.front();
  std::vector<std::string>& varying = difference.varying_labels;
  for (const PointComparison& point : points) {
    if (point.after->batch != first.after->batch) difference.batch_varies = true;
    if (point.before->model != first.before->model || point.after->model != first.after->model) {
      difference.models_vary = true;
    }
    for (const auto& [label, value] : point.after->labels) {
      const bool varies =
          label_of(*first.after, label) != value || label_of(*first.before, label) != label_of(*point.before, label);
      if (varies && !contains(varying, label)) varying.push_back(label);
    }
  }
  for (const auto& [label, value] : first.after->labels) {
    const std::string_view before = label_of(*first.before, label);
    if (before != value && !contains(varying, label)) {
      difference.label_changes.push_back({label, std::string(before), value});
    }
  }
}

/// Finds the changes of points, metric by metric. A point's changes are usually in the order of the metrics.
class ChangeFinder {
 public:
  explicit ChangeFinder(const std::vector<PointComparison>& points) : points_(&points), next_(points.size()) {}

  /// Returns the change of a metric at the point of that index, or null.
  const MetricChange* operator()(std::size_t point, Metric metric) {
    const std::vector<MetricChange>& changes = (*points_)[point].changes;
    if (next_[point] < changes.size() && changes[next_[point]].metric == metric) return &changes[next_[point]++];
    const auto found = std::find_if(changes.begin(), changes.end(),
                                    [metric](const MetricChange& change) { return change.metric == metric; });
    return found == changes.end() ? nullptr : &*found;
  }

 private:
  const std::vector<PointComparison>* points_;
  std::vector<std::size_t> next_;
};

}  // namespace

std::string_view label_of(const PointRecord& point, std::string_view label) {
  for (const auto& [name, value] : point.labels) {
    if (name == label) return value;
  }
  return {};
}

Difference diff(const Comparand& before, const Comparand& after, const DiffOptions& options) {
  if (before.is_report() != after.is_report()) {
    const std::string& model = before.is_report() ? after.name : before.name;
    throw InputError(Diagnostic{model, "", "expected a saved report beside a saved report, found a model",
                                format("`ctxcost scale {} --format json -o FILE` saves one", model)});
  }
  if (!before.is_report()) {
    const auto size = [](const LengthList& list) { return list.empty() ? Count{1} : list.size(); };
    const Count points = size(options.grid.contexts) * size(options.grid.batches);
    if (points > kMostComparedPoints) {
      throw InputError(Diagnostic{
          "diff", "",
          format("expected at most {} points, found {}", with_separators(kMostComparedPoints), with_separators(points)),
          "`ctxcost scale` writes any number"});
    }
    for (const Comparand* side : {&before, &after}) {
      check_kinds(std::get<ComparedModel>(side->content).model, "to compare");
    }
  }
  Difference difference;
  difference.before_name = before.name;
  difference.after_name = after.name;
  difference.saved = before.is_report();
  const Side old_side = side_of(before, options);
  difference.before = old_side.points;
  difference.after = side_of(after, options).points;
  difference.comparison = compare(*difference.before, *difference.after, options.metrics);
  find_what_varies(difference);
  compare_keys(difference, before, after, old_side.report, options);
  for (const Threshold& threshold : options.thresholds) {
    difference.thresholds.push_back(judge(threshold, difference));
    difference.verdict = std::max(difference.verdict, difference.thresholds.back().verdict);
  }
  return difference;
}

std::vector<ChangeRow> change_rows(const Difference& difference) {
  const std::vector<PointComparison>& points = difference.comparison.points;
  const auto same_series = [&](const PointComparison& a, const PointComparison& b) {
    const auto same_label = [&](const std::string& label) {
      return label_of(*a.before, label) == label_of(*b.before, label) &&
             label_of(*a.after, label) == label_of(*b.after, label);
    };
    return a.after->batch == b.after->batch && a.before->model == b.before->model && a.after->model == b.after->model &&
           std::all_of(difference.varying_labels.begin(), difference.varying_labels.end(), same_label);
  };
  std::vector<std::size_t> ends;  // of the series
  for (std::size_t start = 0, end = 0; start < points.size(); start = end) {
    while (end < points.size() && same_series(points[start], points[end])) ++end;
    ends.push_back(end);
  }
  ChangeFinder find_change(points);
  std::vector<const MetricChange*> changes(points.size());  // of one metric
  std::vector<ChangeRow> rows;
  for (const Metric metric : difference.comparison.compared) {
    for (std::size_t i = 0; i < points.size(); ++i) changes[i] = find_change(i, metric);
    std::size_t start = 0;
    for (const std::size_t end : ends) {
      const MetricChange* const first = changes[start];
      const bool alike =
          first != nullptr && end - start > 1 &&
          std::all_of(changes.begin() + static_cast<std::ptrdiff_t>(start),
                      changes.begin() + static_cast<std::ptrdiff_t>(end), [&](const MetricChange* change) {
                        return change != nullptr && change->before == first->before && change->after == first->after;
                      });
      if (alike) rows.push_back({&points[start], first, true});
      for (std::size_t i = start; !alike && i < end; ++i) {
        if (changes[i] != nullptr) rows.push_back({&points[i], changes[i]});
      }
      start = end;
    }
  }
  return rows;
}

}  // namespace ctxcost
