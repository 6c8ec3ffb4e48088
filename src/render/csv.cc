// CSV (RFC 4180, with LF line ends): one header, scalars only, and empty fields for unknown values.
#include <span>
#include <string>
#include <vector>

#include "csv_field.h"
#include "digit_cell.h"
#include "document.h"
#include "number.h"
#include "row.h"
#include "text_sink.h"

namespace ctxcost {
namespace {

/// Columns next to each other that are the same in all rows of a series are one text; any other column is by itself.
struct ColumnRun {
  std::span<const Field> columns;
  bool of_series;
  const MetricValue* (*metric_value)(const Field& field, const void* subject);  // null: not a metric
  std::string text = {};                                                        // of the last series
  DigitCell digits = {};
};

std::vector<ColumnRun> runs_of(std::span<const Field> columns) {
  std::vector<ColumnRun> runs;
  runs.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!runs.empty() && runs.back().of_series && columns[i].of_series) {
      runs.back().columns = {runs.back().columns.data(), runs.back().columns.size() + 1};
    } else {
      runs.push_back({columns.subspan(i, 1), columns[i].of_series, columns[i].metric_value});
    }
  }
  return runs;
}

/// `to` writes to `text`.
void write_series(ColumnRun& run, const void* subject, TextSink& text, Writer& to) {
  text.text.clear();
  for (const Field& column : run.columns) {
    if (&column != run.columns.data()) to.character(',');
    write_csv_value(to, column.value(column, subject));
  }
  to.flush();
  run.text = text.text;
}

void write_cell(Writer& out, ColumnRun& run, const void* subject, bool comma) {
  const Field& column = run.columns.front();
  if (run.metric_value == nullptr) {
    const Value value = column.value(column, subject);
    if (const Count* count = std::get_if<Count>(&value)) return run.digits.write(out, *count, comma);
    if (comma) out.character(',');
    return write_csv_value(out, value);
  }
  const MetricValue* const value = run.metric_value(column, subject);
  if (value != nullptr) {
    if (const auto* count = std::get_if<Count>(value)) return run.digits.write(out, *count, comma);
  }
  if (comma) out.character(',');
  if (value == nullptr) return;
  if (const auto* real = std::get_if<double>(value)) {
    write_double(out, *real);
  } else if (const auto* level = std::get_if<std::string_view>(value)) {
    out.text(*level);  // a word: kWindowLevels
  } else {
    write_csv_value(out, to_value(*value));
  }
}

void write_csv(const Document& document, const PageSettings&, Writer& out) {
  const std::vector<Field> columns = document.columns();
  for (std::size_t i = 0; i < columns.size() && !document.is_continued(); ++i) {
    if (i > 0) out.character(',');
    out.text(columns[i].name);
  }
  if (!document.is_continued()) out.character('\n');
  std::vector<ColumnRun> runs = runs_of(columns);
  std::size_t series = 0;  // of the texts of runs; 0: none
  TextSink text;
  Writer to_text(text);
  document.for_each_cells([&](const void* subject) {
    const std::size_t now = document.series_of(subject);
    if (now == 0 || now != series) {
      for (ColumnRun& run : runs) {
        if (run.of_series) write_series(run, subject, text, to_text);
      }
      series = now;
    }
    bool comma = false;
    for (ColumnRun& run : runs) {
      if (run.of_series) {
        if (comma) out.character(',');
        out.text(run.text);
      } else {
        write_cell(out, run, subject, comma);
      }
      comma = true;
    }
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kCsv) = {"csv",       ".csv",    "a header and one line a result, scalars only",
                               Part::cells, write_csv, true};

}  // namespace ctxcost
