#include "scale_document.h"

#include <array>

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

std::vector<Column> all_columns() {
  std::vector<Column> columns = {Label::model, Label::weights, Label::kv_precision, Label::engine, Label::convention};
  for (const MetricInfo& metric : metrics()) columns.emplace_back(metric.metric);
  return columns;
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

void ScaleDocument::for_each_row(const RecordVisitor& visit) const {
  report_->for_each_row([&](const GridPoint& row) {
    const Result result = result_of(row, *options_);
    visit({&kResultFields, &result});
  });
}

std::vector<Field> ScaleDocument::columns() const {
  std::vector<Field> fields;
  for (const Column& column : options_->columns.empty() ? all_columns() : options_->columns) {
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

void ScaleDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  Cells cells;
  report_->for_each_row([&](const GridPoint& row) {
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

void ScaleDocument::write_page(TextDocument& page) const { write_report(*report_, *options_, page); }

}  // namespace ctxcost
