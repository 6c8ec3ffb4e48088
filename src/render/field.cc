#include "field.h"

namespace ctxcost {

void write_value(JsonWriter& json, const Value& value) {
  struct Visitor {
    JsonWriter& json;
    void operator()(std::monostate) const { json.null(); }
    void operator()(Count count) const { json.count(count); }
    void operator()(const Negative& negative) const { json.value(MetricValue(negative)); }
    void operator()(double real) const { json.number(real); }
    void operator()(bool truth) const { json.boolean(truth); }
    void operator()(std::string_view text) const { json.string(text); }
    void operator()(const std::string& text) const { json.string(text); }
  };
  std::visit(Visitor{json}, value);
}

void write_members(JsonWriter& json, const Record& record, bool (*chosen)(const Field& field)) {
  for (const Field& field : record.table->fields) {
    if (chosen != nullptr && !chosen(field)) continue;
    if (field.present != nullptr && !field.present(record.subject)) continue;
    const bool own_keys = field.type == Field::Type::metrics || field.type == Field::Type::members_of;
    if (!own_keys) json.key(field.name);
    if (own_keys || field.value == nullptr) {
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
