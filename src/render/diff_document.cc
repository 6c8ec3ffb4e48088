#include "diff_document.h"

#include "input/json/json.h"

namespace ctxcost {
namespace {

constexpr std::string_view kDiffVerdicts[] = {"pass", "fail"};
constexpr std::string_view kKeyChanges[] = {"added", "removed", "changed"};

constexpr auto kEachMetricName = [](const std::vector<Metric>& metrics, const auto& visit) {
  for (const Metric metric : metrics) visit(info(metric).name);
};

// Points.

using SideField = FieldsOf<PointRecord>;
constexpr Field kOfSide[] = {
    SideField::text("model", "the counted model", [](const PointRecord& p) -> std::string_view { return p.model; }),
    SideField::further_texts([](const PointRecord& p, const auto& visit) {
      for (const auto& [name, label] : p.labels) visit(name, label);
    }),
};
constexpr FieldTable kSideFields{"compared_series", kOfSide};

constexpr Field kOfUnmatched[] = {
    SideField::text("model", "the counted model", [](const PointRecord& p) -> std::string_view { return p.model; }),
    SideField::count("context", "tokens of one sequence", [](const PointRecord& p) { return p.context; }),
    SideField::count("batch", "sequences", [](const PointRecord& p) { return p.batch; }),
};
constexpr FieldTable kUnmatchedFields{"unmatched_point", kOfUnmatched};

using DiffChangeField = FieldsOf<MetricChange>;
constexpr Field kMetricName = DiffChangeField::text("metric", "the metric that changed",
                                                    [](const MetricChange& c) { return info(c.metric).name; });
constexpr Field kOldValue = DiffChangeField::scalar(Field::Type::scalar, "old", "its value before",
                                                    [](const MetricChange& c) { return to_value(c.before); });
constexpr Field kNewValue = DiffChangeField::scalar(Field::Type::scalar, "new", "its value after",
                                                    [](const MetricChange& c) { return to_value(c.after); });
constexpr Field kDifference =
    DiffChangeField::scalar(Field::Type::scalar, "change", "new less old; null where one is unknown or a level",
                            [](const MetricChange& c) { return to_value(c.change); });
constexpr Field kPercent =
    DiffChangeField::real("percent", "the difference in percent of the old value, to one decimal",
                          [](const MetricChange& c) { return to_value(c.percent); })
        .or_null();
constexpr Field kDiffOfChange[] = {
    kMetricName,
    kOldValue,
    kNewValue,
    kDifference,
    kPercent,
    DiffChangeField::flag("worse", "whether the new value costs more; null where neither direction does",
                          [](const MetricChange& c) { return c.worse ? Value(*c.worse) : Value(); })
        .or_null(),
};
constexpr FieldTable kDiffChangeFields{"metric_change", kDiffOfChange};

using DiffPointField = FieldsOf<PointComparison>;
constexpr Field kContext = DiffPointField::count("context", "tokens of one sequence",
                                                 [](const PointComparison& p) { return p.after->context; });
constexpr Field kBatch =
    DiffPointField::count("batch", "sequences", [](const PointComparison& p) { return p.after->batch; });
constexpr Field kDiffOfPoint[] = {
    DiffPointField::record("old", kSideFields, "what was counted before",
                           [](const PointComparison& p) { return p.before; }),
    DiffPointField::record("new", kSideFields, "what was counted after",
                           [](const PointComparison& p) { return p.after; }),
    kContext,
    kBatch,
    DiffPointField::records("changes", kDiffChangeFields, "metrics that differ", kEach<&PointComparison::changes>),
};
constexpr FieldTable kDiffPointFields{"compared_point", kDiffOfPoint};

/// A point with its convention: the points of one saved report may have different conventions.
struct CountedPoint {
  const PointComparison* point;
  Conventions conventions;
};
using RowField = FieldsOf<CountedPoint>;
constexpr Field kOfRow[] = {
    RowField::record("conventions", kConventionsFields, "how the numbers were counted",
                     [](const CountedPoint& p) { return &p.conventions; })
        .in_line_alone(),
    RowField::members_of(kDiffPointFields, [](const CountedPoint& p) -> const PointComparison& { return *p.point; }),
};
constexpr FieldTable kRowFields{"diff_result", kOfRow};

// Thresholds.

/// A point where a threshold holds.
struct Breach {
  const PointRecord* point;
  const MetricChange* change;
};
using BreachField = FieldsOf<Breach>;
constexpr Field kOfBreach[] = {
    BreachField::record("new", kSideFields, "what was counted after", [](const Breach& b) { return b.point; }),
    BreachField::count("context", "tokens of one sequence", [](const Breach& b) { return b.point->context; }),
    BreachField::count("batch", "sequences", [](const Breach& b) { return b.point->batch; }),
    BreachField::scalar(Field::Type::scalar, "change", kDifference.meaning,
                        [](const Breach& b) { return to_value(b.change->change); }),
    BreachField::real("percent", kPercent.meaning, [](const Breach& b) { return to_value(b.change->percent); })
        .or_null(),
};
constexpr FieldTable kBreachFields{"breach", kOfBreach};

/// A threshold with the points that its breaches refer to.
struct ThresholdAtPoints {
  const JudgedThreshold* judged;
  const std::vector<PointComparison>* points;
};
using ThresholdField = FieldsOf<ThresholdAtPoints>;
constexpr Field kOfThreshold[] = {
    ThresholdField::text("fail_if", "the threshold as given",
                         [](const ThresholdAtPoints& t) -> std::string_view { return t.judged->threshold.text; }),
    ThresholdField::text("metric", "the metric whose change it limits",
                         [](const ThresholdAtPoints& t) { return info(t.judged->threshold.metric).name; }),
    ThresholdField::word("verdict", kDiffVerdicts, "fail if it holds at any point",
                         [](const ThresholdAtPoints& t) { return name(t.judged->verdict); }),
    ThresholdField::records("holds_at", kBreachFields, "the points where it holds",
                            [](const ThresholdAtPoints& t, const auto& visit) {
                              for (const JudgedThreshold::Breach& breach : t.judged->breaches) {
                                visit(Breach{(*t.points)[breach.point].after, &breach.change});
                              }
                            }),
};
constexpr FieldTable kThresholdFields{"threshold", kOfThreshold};

// Keys of the configs.

using KeyField = FieldsOf<ChangedKey>;
void write_config_value(JsonWriter& json, const std::optional<std::string>& text) {
  json.value(parse_json(*text, "a config").root);
}
constexpr Field kOfKey[] = {
    KeyField::text("pointer", "JSON Pointer to the key; empty for the whole text",
                   [](const ChangedKey& k) -> std::string_view { return k.pointer; }),
    KeyField::word("change", kKeyChanges, "whether the key was added, removed or changed",
                   [](const ChangedKey& k) {
                     return kKeyChanges[!k.before ? 0 : !k.after ? 1 : 2];
                   }),
    KeyField::where([](const ChangedKey& k) { return k.before.has_value(); },
                    KeyField::any("old", "its value before",
                                  [](const ChangedKey& k, JsonWriter& json) { write_config_value(json, k.before); })),
    KeyField::where([](const ChangedKey& k) { return k.after.has_value(); },
                    KeyField::any("new", "its value after",
                                  [](const ChangedKey& k, JsonWriter& json) { write_config_value(json, k.after); })),
    KeyField::null_unless(
        [](const ChangedKey& k) { return k.alone_changes.has_value(); },
        KeyField::texts("alone_changes",
                        "metrics that this change alone changes; null where it makes no valid model "
                        "or was not tried",
                        [](const ChangedKey& k, const auto& visit) { kEachMetricName(*k.alone_changes, visit); })),
};
constexpr FieldTable kKeyFields{"config_change", kOfKey};

// The document.

using DiffHeadField = FieldsOf<DiffDocument::Head>;
constexpr auto kEachPoint = [](const std::vector<const PointRecord*>& points, const auto& visit) {
  for (const PointRecord* point : points) visit(*point);
};
constexpr Field kDiffOfHead[] = {
    DiffHeadField::record("conventions", kConventionsFields, "how the first result was counted",
                          [](const DiffDocument::Head& head) { return &head.conventions; }),
    DiffHeadField::text(
        "old", "as given",
        [](const DiffDocument::Head& head) -> std::string_view { return head.difference->before_name; }),
    DiffHeadField::text("new", "the new model or report, as given",
                        [](const DiffDocument::Head& head) -> std::string_view { return head.difference->after_name; }),
    DiffHeadField::word("verdict", kDiffVerdicts, "fail if any threshold holds",
                        [](const DiffDocument::Head& head) { return name(head.difference->verdict); }),
    DiffHeadField::records("thresholds", kThresholdFields, "the thresholds with their verdicts",
                           [](const DiffDocument::Head& head, const auto& visit) {
                             for (const JudgedThreshold& judged : head.difference->thresholds) {
                               visit(ThresholdAtPoints{&judged, &head.difference->comparison.points});
                             }
                           }),
    DiffHeadField::null_unless([](const DiffDocument::Head& head) { return head.difference->keys_note.empty(); },
                               DiffHeadField::records("config_changes", kKeyFields,
                                                      "keys that are not the same; null where they are not compared",
                                                      [](const DiffDocument::Head& head, const auto& visit) {
                                                        for (const ChangedKey& key : head.difference->keys) visit(key);
                                                      })),
    DiffHeadField::texts("compared", "the metrics that were compared",
                         [](const DiffDocument::Head& head, const auto& visit) {
                           kEachMetricName(head.difference->comparison.compared, visit);
                         }),
    DiffHeadField::records("only_old", kUnmatchedFields, "points of the old side without a counterpart",
                           [](const DiffDocument::Head& head, const auto& visit) {
                             kEachPoint(head.difference->comparison.only_before, visit);
                           })
        .put_behind_rows(),
    DiffHeadField::records("only_new", kUnmatchedFields, "points of the new side without a counterpart",
                           [](const DiffDocument::Head& head, const auto& visit) {
                             kEachPoint(head.difference->comparison.only_after, visit);
                           })
        .put_behind_rows(),
};
constexpr FieldTable kDiffHeadFields{"diff", kDiffOfHead};

/// A line of CSV: one change at one point.
struct Line {
  const PointComparison* point;
  const MetricChange* change;
};
using DiffCell = FieldsOf<Line>;

/// Returns the cell of `field` for the point or for the change.
template <const Field& field>
constexpr Field cell_of_point() {
  return DiffCell::scalar(field.type, field.name, "", [](const Line& line) { return field.value(field, line.point); });
}
template <const Field& field>
constexpr Field cell_of_change() {
  return DiffCell::scalar(field.type, field.name, "", [](const Line& line) { return field.value(field, line.change); });
}
constexpr Field kDiffCells[] = {
    DiffCell::text("old_model", "", [](const Line& line) -> std::string_view { return line.point->before->model; }),
    DiffCell::text("new_model", "", [](const Line& line) -> std::string_view { return line.point->after->model; }),
    DiffCell::text("weights", "", [](const Line& line) { return label_of(*line.point->after, "weights"); }),
    DiffCell::text("kv_precision", "", [](const Line& line) { return label_of(*line.point->after, "kv_precision"); }),
    DiffCell::text("engine", "", [](const Line& line) { return label_of(*line.point->after, "engine"); }),
    cell_of_point<kContext>(),
    cell_of_point<kBatch>(),
    cell_of_change<kMetricName>(),
    cell_of_change<kOldValue>(),
    cell_of_change<kNewValue>(),
    cell_of_change<kDifference>(),
    cell_of_change<kPercent>(),
};

}  // namespace

const DocumentShape kDiffShape = {.command = "diff",
                                  .parts = Part::records | Part::cells | Part::page,
                                  .head = &kDiffHeadFields,
                                  .rows = "results",
                                  .row = &kRowFields};

DiffDocument::DiffDocument(const Difference& difference, const RenderOptions& options)
    : options_(&options),
      head_{conventions_of(difference.comparison.points.front().after->convention, options.units), &difference} {}

Record DiffDocument::head() const { return {&kDiffHeadFields, &head_}; }

void DiffDocument::for_each_row(const RecordVisitor& visit) const {
  for (const PointComparison& point : head_.difference->comparison.points) {
    const CountedPoint counted{&point, conventions_of(point.after->convention, options_->units)};
    visit({&kRowFields, &counted});
  }
}

std::vector<Field> DiffDocument::columns() const { return {std::begin(kDiffCells), std::end(kDiffCells)}; }

void DiffDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  for (const PointComparison& point : head_.difference->comparison.points) {
    for (const MetricChange& change : point.changes) {
      const Line line{&point, &change};
      visit(&line);
    }
  }
}

void DiffDocument::write_page(TextDocument& page) const { write_difference(*head_.difference, *options_, page); }

}  // namespace ctxcost
