#include "scale_document.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/context_walk.h"
#include "estimate/estimate.h"
#include "estimate/window_note.h"
#include "line_pattern.h"
#include "number.h"

namespace ctxcost {
namespace {

using ScaleHeadField = FieldsOf<Conventions>;
constexpr Field kScaleOfHead[] = {
    ScaleHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                           [](const Conventions& conventions) { return &conventions; })
        .in_each_line(),
};
constexpr FieldTable kScaleHeadFields{"scale", kScaleOfHead};

using RowField = FieldsOf<Result>;
constexpr Field kOfRow[] = {
    RowField::members_of(kResultFields, [](const Result& row) -> const Result& { return row; }),
    RowField::where([](const Result& row) { return row.share != nullptr; },
                    RowField::text("parallel",
                                   "the degrees of parallelism: weights_bytes, kv_cache_bytes, kv_reserved_bytes, "
                                   "state_bytes and their parts are those of the fullest device, and all other figures "
                                   "those of the whole model",
                                   [](const Result& row) { return row.share->split(); })),
};
constexpr FieldTable kRowFields{"scale_result", kOfRow};

/// A row of CSV, with the words that name its series made once a series.
struct Cells {
  const Estimator* estimator = nullptr;
  std::array<std::string, 5> labels;  // of Label
  std::string split;                  // "tp=8"
  const Estimate* values = nullptr;
  std::size_t series = 0;
};

template <Label label>
constexpr Field label_column() {
  return FieldsOf<Cells>::text(
      "", "", [](const Cells& cells) -> std::string_view { return cells.labels[static_cast<std::size_t>(label)]; });
}
constexpr Field kLabelColumns[] = {label_column<Label::model>(), label_column<Label::weights>(),
                                   label_column<Label::kv_precision>(), label_column<Label::engine>(),
                                   label_column<Label::convention>()};
constexpr Field kSplitColumn =
    FieldsOf<Cells>::text("parallel", "", [](const Cells& cells) -> std::string_view { return cells.split; });
constexpr Field kMetricColumn =
    FieldsOf<Cells>::metrics(metrics, [](const Cells& cells, Metric metric) { return &(*cells.values)[metric]; });

std::vector<Column> all_columns() {
  std::vector<Column> columns = {Label::model, Label::weights, Label::kv_precision, Label::engine, Label::convention};
  for (const MetricInfo& metric : metrics()) columns.emplace_back(metric.metric);
  return columns;
}

template <std::size_t size>
bool holds(const Metric (&metrics)[size], Metric metric) {
  return std::find(std::begin(metrics), std::end(metrics), metric) != std::end(metrics);
}

/// Whether a metric is the same in all rows of an estimator. Of a split model another device may be the fullest.
bool is_constant(Metric metric, bool is_split) {
  return holds(kConstantMetrics, metric) && !(is_split && holds(kDividedMetrics, metric));
}

/// Makes the pattern of a row's line. Its figures are the metrics and then the counts of the details.
void record_line(LinePattern& pattern, const GridPoint& row, const RenderOptions& options,
                 const LineWriter& write_line) {
  Estimate values;
  for (std::size_t m = 0; m < kMetricCount; ++m) values.values[m] = LinePattern::figure(m);
  Result result = result_of(row, options);
  result.values = &values;
  const std::vector<Count*> counts = counts_of(result.details);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != nullptr) *counts[i] = LinePattern::figure(kMetricCount + i);
  }
  // The last note is that on the window, where there is one.
  const bool noted = !window_note(row.estimator.model(), row.values, row.context()).empty();
  pattern.record(kMetricCount + counts.size(), noted ? std::string_view(result.notes.back()) : std::string_view(),
                 [&](JsonWriter& json) {
                   write_line(json, {&kRowFields, &result});
                 });
}

std::vector<bool> known_of(const std::vector<Count*>& counts) {
  std::vector<bool> known;
  known.reserve(counts.size());
  for (const Count* count : counts) known.push_back(count != nullptr);
  return known;
}

/// `note` is the note on the window, as JSON, behind the context's label.
void write_figures(LinePattern& pattern, Writer& out, const GridPoint& row, const std::vector<Count*>& counts,
                   std::string_view note) {
  pattern.write(
      out,
      [&](Writer& to, std::size_t figure, std::size_t place) {
        if (figure >= kMetricCount) return pattern.write_count(to, *counts[figure - kMetricCount], place);
        const MetricValue& value = row.values.values[figure];
        if (const auto* count = std::get_if<Count>(&value)) return pattern.write_count(to, *count, place);
        if (const auto* real = std::get_if<double>(&value)) return write_double(to, *real);
        JsonWriter(to, JsonWriter::Layout::compact).value(value);
      },
      [&](Writer& to) {
        to.character('"');
        to.text(length_label(row.context()));
        to.text(note);
      });
}

std::vector<Field> columns_of(const RenderOptions& options, bool is_split) {
  std::vector<Field> fields;
  for (const Column& column : options.columns.empty() ? all_columns() : options.columns) {
    if (const Label* label = std::get_if<Label>(&column)) {
      fields.push_back(kLabelColumns[static_cast<std::size_t>(*label)]);
      fields.back().of_series = true;
    } else {
      fields.push_back(kMetricColumn);
      fields.back().metric = std::get<Metric>(column);
      fields.back().of_series = is_constant(fields.back().metric, is_split);
    }
    fields.back().name = name(column);
  }
  if (is_split && options.columns.empty()) {
    fields.push_back(kSplitColumn);
    fields.back().of_series = true;
  }
  return fields;
}

}  // namespace

const DocumentShape kScaleShape = {.command = "scale",
                                   .parts = Part::records | Part::cells | Part::page,
                                   .head = &kScaleHeadFields,
                                   .rows = "results",
                                   .row = &kRowFields};

ScaleDocument::ScaleDocument(const Report& report, const RenderOptions& options, std::size_t series_before)
    : report_(&report),
      options_(&options),
      conventions_(conventions_of(report.convention(), report.logits(), options.units)),
      rows_{0, report.rows()},
      series_before_(series_before) {}

ScaleDocument ScaleDocument::part(RowRange rows) const {
  ScaleDocument result = *this;
  result.rows_ = rows;
  result.whole_ = false;
  return result;
}

/// The metrics of the columns.
MetricSet ScaleDocument::wanted() const {
  if (options_->columns.empty()) return MetricSet::all();
  MetricSet wanted;
  for (const Column& column : options_->columns) {
    if (const auto* metric = std::get_if<Metric>(&column)) wanted.add(*metric);
  }
  return wanted;
}

Record ScaleDocument::head() const { return {&kScaleHeadFields, &conventions_}; }

void ScaleDocument::for_each_row(const RecordVisitor& visit) const {
  const auto visit_row = [&](const GridPoint& row) {
    const Result result = result_of(row, *options_);
    visit({&kRowFields, &result});
  };
  whole_ ? report_->for_each_row(visit_row) : report_->for_each_row(rows_, MetricSet::all(), visit_row);
}

std::vector<Field> ScaleDocument::columns() const {
  return columns_of(*options_, static_cast<bool>(report_->grid().split));
}

void ScaleDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  const std::vector<Column>& shown = options_->columns;
  const auto is_shown = [&shown](Label label) {
    return shown.empty() || std::find(shown.begin(), shown.end(), Column(label)) != shown.end();
  };
  Cells cells;
  cells.series = series_before_;
  const auto visit_row = [&](const GridPoint& row) {
    if (cells.estimator != &row.estimator) {
      cells.estimator = &row.estimator;
      cells.series += 1;
      for (std::size_t i = 0; i < cells.labels.size(); ++i) {
        const auto label = static_cast<Label>(i);
        if (is_shown(label)) cells.labels[i] = label_text(label, row.estimator);
      }
      if (row.share != nullptr) cells.split = row.share->split();
    }
    cells.values = &row.values;
    visit(&cells);
  };
  whole_ ? report_->for_each_row(visit_row, wanted()) : report_->for_each_row(rows_, wanted(), visit_row);
}

std::size_t ScaleDocument::series_of(const void* subject) const { return static_cast<const Cells*>(subject)->series; }

/// The lines of a series differ in figures alone, and in the note on the window. Those of a split model may be of
/// another device at each point.
bool ScaleDocument::write_lines(Writer& out, const LineWriter& write_line) const {
  if (report_->grid().split || (whole_ && report_->is_remembered())) return false;
  const bool detailed = options_->columns.empty();
  const MetricSet metrics = Report::with_sources(wanted());
  LinePattern pattern;
  const auto write_series = [&](const Estimator& estimator, Count batch, const LengthList& contexts) {
    // An engine's parts and notes may differ from context to context.
    const bool alike = estimator.engine().engine->live_need;
    const Estimate first = report_->first_of(estimator, batch, metrics);
    ContextWalk walk(estimator, batch, metrics, detailed);
    std::optional<std::string_view> status;  // of the pattern
    std::vector<bool> known;                 // counts of details that have a value in it
    std::string note;
    std::size_t pieces = 0;
    for (const LengthList::Range& range : contexts.ranges()) {
      walk.start(range);
      do {
        Report::set_growth(walk.values(), first, metrics);
        const GridPoint row{estimator, walk.values(), first};
        if (!alike) {
          const Result result = result_of(row, *options_);
          JsonWriter json(out, JsonWriter::Layout::compact);
          write_line(json, {&kRowFields, &result});
          out.character('\n');
          continue;
        }
        const auto* const level = std::get_if<std::string_view>(&row.values[Metric::window_status]);
        const std::optional<std::string_view> now = level == nullptr ? std::nullopt : std::optional(*level);
        if (pieces != walk.pieces()) {
          pieces = walk.pieces();
          const std::vector<bool> known_now = known_of(walk.detail_counts());
          if (pieces == 1 || now != status || known_now != known) record_line(pattern, row, *options_, write_line);
          status = now;
          known = known_now;
          note = json_string_text(window_note_behind_label(estimator.model(), row.values)).substr(1);
        }
        write_figures(pattern, out, row, walk.detail_counts(), note);
        out.character('\n');
      } while (walk.next());
    }
  };
  report_->for_each_series(write_series, rows_);
  return true;
}

void ScaleDocument::write_page(TextDocument& page) const {
  options_->plot ? write_plots(*report_, *options_, page) : write_report(*report_, *options_, page);
}

const DocumentShape kScaleStreamShape = {.command = "scale",
                                         .parts = Part::records | Part::cells,
                                         .head = &kScaleHeadFields,
                                         .rows = "results",
                                         .row = &kRowFields};

ScaleStreamDocument::ScaleStreamDocument(ReportStream reports, const Workload& settings, const RenderOptions& options,
                                         bool is_split)
    : reports_(std::move(reports)),
      options_(&options),
      is_split_(is_split),
      conventions_(conventions_of(settings.convention, settings.logits, options.units)) {}

Record ScaleStreamDocument::head() const { return {&kScaleHeadFields, &conventions_}; }

void ScaleStreamDocument::for_each_row(const RecordVisitor& visit) const {
  reports_([&](const Report& report) { ScaleDocument(report, *options_).for_each_row(visit); });
}

std::vector<Field> ScaleStreamDocument::columns() const { return columns_of(*options_, is_split_); }

void ScaleStreamDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  std::size_t series = 0;
  reports_([&](const Report& report) {
    ScaleDocument(report, *options_, series).for_each_cells(visit);
    series += report.estimators().size();
  });
}

std::size_t ScaleStreamDocument::series_of(const void* subject) const {
  return static_cast<const Cells*>(subject)->series;
}

}  // namespace ctxcost
