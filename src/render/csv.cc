// CSV (RFC 4180, lines ended by LF): one header, scalars only, nothing for unknown.
#include "csv_field.h"
#include "number.h"
#include "row.h"

namespace ctxcost {
namespace {

std::string label_text(Label label, const Estimator& estimator) {
  switch (label) {
    case Label::model: return csv_field(estimator.model().name);
    case Label::weights: return csv_field(estimator.weights().name());
    case Label::kv_precision: return csv_field(estimator.kv().name());
    case Label::engine: return csv_field(estimator.engine().name);
    case Label::convention: return csv_field(estimator.settings().convention.name);
  }
  return {};
}

std::vector<Column> all_columns() {
  std::vector<Column> columns = {Label::model, Label::weights, Label::kv_precision, Label::engine, Label::convention};
  for (const MetricInfo& metric : metrics()) columns.emplace_back(metric.metric);
  return columns;
}

/// The integers of one column. In a grid most of a row's stand in the row above or some columns before as well (what
/// does not depend on the context, FLOPs that equal multiply-adds): their digits are copied.
struct IntegerCell {
  Count value;
  char digits[40] = {};
  std::size_t size = 0;  // 0 until there is a value
};
static_assert(sizeof(IntegerCell::digits) >= kMostDigits);

/// How far back an equal value is looked for: as far as attention_flops stands behind attention_macs.
constexpr std::size_t kLookBack = 2;

void write_integer(Writer& out, Count value, std::vector<IntegerCell>& cells, std::size_t column) {
  IntegerCell& cell = cells[column];
  if (cell.size == 0 || value != cell.value) {
    const IntegerCell* equal = nullptr;
    for (std::size_t back = 1; back <= kLookBack && back <= column; ++back) {
      const IntegerCell& before = cells[column - back];
      if (before.size != 0 && before.value == value) equal = &before;
    }
    if (equal != nullptr) {
      cell = *equal;
    } else {
      cell.value = value;
      cell.size = static_cast<std::size_t>(write_digits(cell.digits, value) - cell.digits);
    }
  }
  std::memcpy(out.room(sizeof cell.digits), cell.digits, sizeof cell.digits);
  out.advance(cell.size);
}

void render(const Report& report, const RenderOptions& options, Writer& out) {
  const std::vector<Column> columns = options.columns.empty() ? all_columns() : options.columns;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out.character(',');
    out.text(name(columns[i]));
  }
  out.character('\n');

  const Estimator* labelled = nullptr;
  std::vector<std::string> labels(columns.size());
  std::vector<IntegerCell> integers(columns.size());
  report.for_each_row([&](const Row& row) {
    if (labelled != &row.estimator) {
      labelled = &row.estimator;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (const Label* label = std::get_if<Label>(&columns[i])) labels[i] = label_text(*label, row.estimator);
      }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out.character(',');
      const Metric* const metric = std::get_if<Metric>(&columns[i]);
      if (metric == nullptr) {
        out.text(labels[i]);
        continue;
      }
      const MetricValue& value = row.values[*metric];
      if (const Count* integer = std::get_if<Count>(&value)) {
        write_integer(out, *integer, integers, i);
      } else if (const double* real = std::get_if<double>(&value)) {
        write_double(out, *real);
      } else if (const std::string_view* level = std::get_if<std::string_view>(&value)) {
        out.text(*level);
      }
    }
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kCsv) = {"csv", ".csv", "a header and one line a result, scalars only", render};

}  // namespace ctxcost
