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

/// One side's points, and the report that they are of, where they are not of a saved one.
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
  grid.models = {std::get<ComparedModel>(comparand.content).model};
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
    if (base_ != nullptr) base_->for_each_row([this](const GridPoint& row) { rows_.push_back(row.values); });
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
    const std::optional<Report> other = report_of(*std::move(model));
    if (!other) return std::nullopt;
    const auto add = [&found](Metric metric) {
      if (!contains(found, metric)) found.push_back(metric);
    };
    if (one_series(*base_, *other)) {
      const Estimate* before = rows_.data();
      MetricSet differ;
      other->for_each_row([&](const GridPoint& row) {
        for (const MetricInfo& one : metrics()) {
          if (!differ.has(one.metric) && (*before)[one.metric] != row.values[one.metric]) differ.add(one.metric);
        }
        ++before;
      });
      for (const MetricInfo& one : metrics()) {
        if (differ.has(one.metric) && is_compared(options_.metrics, one.metric)) add(one.metric);
      }
    } else {
      const ReportRecord before = record(*base_, document_.source);
      const ReportRecord after = record(*other, document_.source);
      for (const PointComparison& point : compare(before, after, options_.metrics).points) {
        for (const MetricChange& one : point.changes) add(one.metric);
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

  /// Whether both have one series of the same points: then rows are compared in their order.
  static bool one_series(const Report& a, const Report& b) {
    if (a.estimators().size() != 1 || b.estimators().size() != 1) return false;
    const LengthList old_batches = a.batches(a.estimators().front()), new_batches = b.batches(b.estimators().front());
    return old_batches.size() == 1 && new_batches.size() == 1 && old_batches.smallest() == new_batches.smallest();
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
      grid.models = {std::move(model)};
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
  std::vector<Estimate> rows_;    // of it
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

const MetricChange* find_change(const PointComparison& point, Metric metric) {
  const auto found = std::find_if(point.changes.begin(), point.changes.end(),
                                  [metric](const MetricChange& change) { return change.metric == metric; });
  return found == point.changes.end() ? nullptr : &*found;
}

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
  std::vector<ChangeRow> rows;
  for (const Metric metric : difference.comparison.compared) {
    for (std::size_t start = 0, end = 0; start < points.size(); start = end) {
      while (end < points.size() && same_series(points[start], points[end])) ++end;
      const MetricChange* const first = find_change(points[start], metric);
      const bool alike =
          first != nullptr && end - start > 1 &&
          std::all_of(points.begin() + static_cast<std::ptrdiff_t>(start),
                      points.begin() + static_cast<std::ptrdiff_t>(end), [&](const PointComparison& point) {
                        const MetricChange* const change = find_change(point, metric);
                        return change != nullptr && change->before == first->before && change->after == first->after;
                      });
      if (alike) {
        rows.push_back({&points[start], first, true});
        continue;
      }
      for (std::size_t i = start; i < end; ++i) {
        if (const MetricChange* const change = find_change(points[i], metric)) rows.push_back({&points[i], change});
      }
    }
  }
  return rows;
}

}  // namespace ctxcost
