#include "field.h"

#include "ctxcost/core/units.h"
#include "number.h"

namespace ctxcost {

Value to_value(const RecordedValue& value) {
  struct Visitor {
    Value operator()(std::monostate) const { return {}; }
    Value operator()(const SignedCount& count) const {
      return count.negative ? Value(Negative{count.magnitude}) : Value(count.magnitude);
    }
    Value operator()(double real) const { return real; }
    Value operator()(const std::string& level) const { return level; }
  };
  return std::visit(Visitor{}, value);
}

void write_value(JsonWriter& json, const Value& value) {
  struct Visitor {
    JsonWriter& json;
    void operator()(std::monostate) const { json.null(); }
    void operator()(Count count) const { json.count(count); }
    void operator()(const Negative& negative) const { json.value(MetricValue(negative)); }
    void operator()(double real) const { json.number(real); }
    void operator()(const Percent& percent) const { json.raw(decimal_text(percent)); }
    void operator()(bool truth) const { json.boolean(truth); }
    void operator()(std::string_view text) const { json.string(text); }
    void operator()(const std::string& text) const { json.string(text); }
  };
  std::visit(Visitor{json}, value);
}

std::string cell_text(const Value& value) {
  if (const auto* count = std::get_if<Count>(&value)) return with_separators(*count);
  if (const auto* negative = std::get_if<Negative>(&value)) return "-" + with_separators(negative->magnitude);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* word = std::get_if<std::string_view>(&value)) return std::string(*word);
  return "–";
}

void write_members(JsonWriter& json, const Record& record, bool (*chosen)(const Field& field)) {
  for (const Field& field : record.table->fields) {
    if (chosen != nullptr && !chosen(field)) continue;
    if (field.present != nullptr && !field.present(record.subject)) continue;
    if (!field.has_own_keys()) json.key(field.name);
    if (field.known != nullptr && !field.known(record.subject)) {
      json.null();
    } else if (field.has_own_keys() || field.value == nullptr) {
      field.write(field, record.subject, json);
    } else {
      write_value(json, field.value(field, record.subject));
    }
  }
}

void write_record(JsonWriter& json, const Record& record) {
  json.begin_object();
  write_members(json, record);
  json.end_object();
}

void append_metric_columns(std::vector<Field>& columns, const Field& metrics) {
  for (const MetricInfo& row : metrics.of_metrics()) {
    columns.push_back(metrics);
    columns.back().name = row.name;
    columns.back().metric = row.metric;
  }
}

}  // namespace ctxcost
