// CSV (RFC 4180, lines ended by LF): one header, scalars only, nothing for unknown.
#include "number.h"
#include "row.h"

namespace ctxcost {
namespace {

std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
  return out;
}

std::string label_text(Label label, const Estimator& estimator) {
  switch (label) {
    case Label::model: return quoted(estimator.model().name);
    case Label::weights: return quoted(estimator.weights().name());
    case Label::kv_precision: return quoted(estimator.kv().name());
    case Label::engine: return quoted(estimator.engine().name);
    case Label::convention: return quoted(estimator.settings().convention.name);
  }
  return {};
}

std::vector<Column> all_columns() {
  std::vector<Column> columns = {Label::model, Label::weights, Label::kv_precision, Label::engine, Label::convention};
  for (const MetricInfo& metric : metrics()) columns.emplace_back(metric.metric);
  return columns;
}

void write_metric(Writer& out, const MetricValue& value) {
  if (const Count* integer = std::get_if<Count>(&value)) {
    out.digits(*integer);
  } else if (const double* real = std::get_if<double>(&value)) {
    write_double(out, *real);
  } else if (const std::string_view* level = std::get_if<std::string_view>(&value)) {
    out.text(*level);
  }
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
  report.for_each_row([&](const Row& row) {
    if (labelled != &row.estimator) {
      labelled = &row.estimator;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (const Label* label = std::get_if<Label>(&columns[i])) labels[i] = label_text(*label, row.estimator);
      }
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i > 0) out.character(',');
      if (const Metric* metric = std::get_if<Metric>(&columns[i])) {
        write_metric(out, row.values[*metric]);
      } else {
        out.text(labels[i]);
      }
    }
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kCsv) = {"csv", ".csv", "a header and one line a result, scalars only", render};

}  // namespace ctxcost
