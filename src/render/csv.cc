// CSV (RFC 4180, with LF line ends): one header, scalars only, and empty fields for unknown values.
#include <algorithm>
#include <string>

#include "csv_field.h"
#include "digit_cell.h"
#include "document.h"
#include "number.h"
#include "row.h"
#include "text_sink.h"

namespace ctxcost {
namespace {

/// Columns next to each other that are the same in all rows of a series are one text; any other column is one cell.
struct ColumnRun {
  std::size_t begin, end;  // of the columns
  bool of_series;
  std::string text;  // of the last series
};

std::vector<ColumnRun> runs_of(const std::vector<Field>& columns) {
  std::vector<ColumnRun> runs;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!runs.empty() && runs.back().of_series && columns[i].of_series) {
      runs.back().end = i + 1;
    } else {
      runs.push_back({i, i + 1, columns[i].of_series, {}});
    }
  }
  return runs;
}

void write_csv_metric(Writer& out, const MetricValue* value, std::vector<DigitCell>& digits, std::size_t column) {
  if (value == nullptr) return;
  if (const auto* count = std::get_if<Count>(value)) {
    digits[column].write(out, *count);
  } else if (const auto* real = std::get_if<double>(value)) {
    write_double(out, *real);
  } else if (const auto* level = std::get_if<std::string_view>(value)) {
    out.text(*level);  // a word: kWindowLevels
  } else {
    write_csv_value(out, to_value(*value));
  }
}

void write_csv(const Document& document, bool, Writer& out) {
  const std::vector<Field> columns = document.columns();
  for (std::size_t i = 0; i < columns.size() && !document.is_continued(); ++i) {
    if (i > 0) out.character(',');
    out.text(columns[i].name);
  }
  if (!document.is_continued()) out.character('\n');
  std::vector<DigitCell> digits(columns.size());
  std::vector<ColumnRun> runs = runs_of(columns);
  const auto write_value_of = [&](Writer& to, const void* subject, std::size_t i) {
    const Value value = columns[i].value(columns[i], subject);
    if (const Count* count = std::get_if<Count>(&value)) {
      digits[i].write(to, *count);
    } else {
      write_csv_value(to, value);
    }
  };
  std::size_t series = 0;  // of the texts of runs; 0: none
  document.for_each_cells([&](const void* subject) {
    const std::size_t now = document.series_of(subject);
    if (now == 0 || now != series) {
      for (ColumnRun& run : runs) {
        if (!run.of_series) continue;
        TextSink text;
        Writer to(text);
        for (std::size_t i = run.begin; i < run.end; ++i) {
          if (i > run.begin) to.character(',');
          write_value_of(to, subject, i);
        }
        to.flush();
        run.text = std::move(text.text);
      }
      series = now;
    }
    for (const ColumnRun& run : runs) {
      if (run.begin > 0) out.character(',');
      const Field& column = columns[run.begin];
      if (run.of_series) {
        out.text(run.text);
      } else if (column.metric_value != nullptr) {
        write_csv_metric(out, column.metric_value(column, subject), digits, run.begin);
      } else {
        write_value_of(out, subject, run.begin);
      }
    }
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kCsv) = {"csv",       ".csv",    "a header and one line a result, scalars only",
                               Part::cells, write_csv, true};

}  // namespace ctxcost
