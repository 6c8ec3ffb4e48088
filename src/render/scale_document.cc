#include "scale_document.h"

#include <array>
#include <utility>

namespace ctxcost {
namespace {

using ScaleHeadField = FieldsOf<Conventions>;
constexpr Field kScaleOfHead[] = {
    ScaleHeadField::record("conventions", kConventionsFields, "how the numbers were counted",
                           [](const Conventions& conventions) { return &conventions; })
        .in_each_line(),
};
constexpr FieldTable kScaleHeadFields{"scale", kScaleOfHead};

/// A row of CSV, with the words that name its series made once a series.
struct Cells {
  const Estimator* estimator = nullptr;
  std::array<std::string, 5> labels;  // of Label
  const Estimate* values = nullptr;
};

template <Label label>
constexpr Field label_column() {
  return FieldsOf<Cells>::text(
      "", "", [](const Cells& cells) -> std::string_view { return cells.labels[static_cast<std::size_t>(label)]; });
}
constexpr Field kLabelColumns[] = {label_column<Label::model>(), label_column<Label::weights>(),
                                   label_column<Label::kv_precision>(), label_column<Label::engine>(),
                                   label_column<Label::convention>()};
constexpr Field kMetricColumn =
    FieldsOf<Cells>::metrics(metrics, [](const Cells& cells, Metric metric) { return &(*cells.values)[metric]; });

using CellsVisitor = std::function<void(const void* subject)>;

std::vector<Column> all_columns() {
  std::vector<Column> columns = {Label::model, Label::weights, Label::kv_precision, Label::engine, Label::convention};
  for (const MetricInfo& metric : metrics()) columns.emplace_back(metric.metric);
  return columns;
}

std::vector<Field> columns_of(const RenderOptions& options) {
  std::vector<Field> fields;
  for (const Column& column : options.columns.empty() ? all_columns() : options.columns) {
    if (const Label* label = std::get_if<Label>(&column)) {
      fields.push_back(kLabelColumns[static_cast<std::size_t>(*label)]);
    } else {
      fields.push_back(kMetricColumn);
      fields.back().metric = std::get<Metric>(column);
    }
    fields.back().name = name(column);
  }
  return fields;
}

void visit_rows(const Report& report, const RenderOptions& options, const RecordVisitor& visit) {
  report.for_each_row([&](const GridPoint& row) {
    const Result result = result_of(row, options);
    visit({&kResultFields, &result});
  });
}

void visit_cells(const Report& report, const CellsVisitor& visit) {
  Cells cells;
  report.for_each_row([&](const GridPoint& row) {
    if (cells.estimator != &row.estimator) {
      cells.estimator = &row.estimator;
      for (std::size_t i = 0; i < cells.labels.size(); ++i) {
        cells.labels[i] = label_text(static_cast<Label>(i), row.estimator);
      }
    }
    cells.values = &row.values;
    visit(&cells);
  });
}

}  // namespace

const DocumentShape kScaleShape = {.command = "scale",
                                   .parts = Part::records | Part::cells | Part::page,
                                   .head = &kScaleHeadFields,
                                   .rows = "results",
                                   .row = &kResultFields};

ScaleDocument::ScaleDocument(const Report& report, const RenderOptions& options)
    : report_(&report),
      options_(&options),
      conventions_(conventions_of(report.convention(), report.logits(), options.units)) {}

Record ScaleDocument::head() const { return {&kScaleHeadFields, &conventions_}; }

void ScaleDocument::for_each_row(const RecordVisitor& visit) const { visit_rows(*report_, *options_, visit); }

std::vector<Field> ScaleDocument::columns() const { return columns_of(*options_); }

void ScaleDocument::for_each_cells(const CellsVisitor& visit) const { visit_cells(*report_, visit); }

void ScaleDocument::write_page(TextDocument& page) const { write_report(*report_, *options_, page); }

const DocumentShape kScaleStreamShape = {.command = "scale",
                                         .parts = Part::records | Part::cells,
                                         .head = &kScaleHeadFields,
                                         .rows = "results",
                                         .row = &kResultFields};

ScaleStreamDocument::ScaleStreamDocument(ReportStream reports, const Workload& settings, const RenderOptions& options)
    : reports_(std::move(reports)),
      options_(&options),
      conventions_(conventions_of(settings.convention, settings.logits, options.units)) {}

Record ScaleStreamDocument::head() const { return {&kScaleHeadFields, &conventions_}; }

void ScaleStreamDocument::for_each_row(const RecordVisitor& visit) const {
  reports_([&](const Report& report) { visit_rows(report, *options_, visit); });
}

std::vector<Field> ScaleStreamDocument::columns() const { return columns_of(*options_); }

void ScaleStreamDocument::for_each_cells(const CellsVisitor& visit) const {
  reports_([&visit](const Report& report) { visit_cells(report, visit); });
}

}  // namespace ctxcost
