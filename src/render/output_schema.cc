#include "output_schema.h"

#include <algorithm>

#include "document.h"
#include "schema_writer.h"

namespace ctxcost {
namespace {

/// Every table that is reached from the shapes by `record` and `records`, each once.
void collect(const FieldTable& table, std::vector<const FieldTable*>& tables, bool own = true) {
  if (own) {
    if (std::find(tables.begin(), tables.end(), &table) != tables.end()) return;
    tables.push_back(&table);
  }
  for (const Field& field : table.fields) {
    if (field.members != nullptr) collect(*field.members, tables, field.type != Field::Type::members_of);
  }
}

void write_metric(SchemaWriter& schema, const MetricInfo& metric) {
  schema.member(metric.name, [&] {
    schema.text("description", metric.meaning);
    if (metric.unit == Unit::level) {
      schema.type("string", true);
      schema.json().key("enum");
      schema.json().begin_array();
      for (const std::string_view level : kWindowLevels) schema.json().string(level);
      schema.json().null();
      return schema.json().end_array();
    }
    schema.type(is_whole(metric.unit) ? "integer" : "number", true);
    // What is missing of a memory is less than nothing.
    if (metric.metric != Metric::headroom_bytes) schema.number("minimum", 0);
  });
}

std::string reference(const FieldTable& table) { return "#/$defs/" + std::string(table.name); }

void write_type(SchemaWriter& schema, const Field& field) {
  using Type = Field::Type;
  const auto integer = [&](bool nullable) {
    schema.type("integer", nullable);
    schema.number("minimum", 0);
  };
  switch (field.type) {
    case Type::count: return integer(field.nullable);
    case Type::integer: return schema.type("integer", field.nullable);
    case Type::real: return schema.type("number", field.nullable);
    case Type::text: return schema.type("string", field.nullable);
    case Type::flag: return schema.type("boolean", field.nullable);
    case Type::scalar: return schema.list("type", std::array{"number", "string", "null"});
    case Type::word:
      schema.json().key("enum");
      schema.json().begin_array();
      for (const std::string_view word : field.words) schema.json().string(word);
      if (field.nullable) schema.json().null();
      return schema.json().end_array();
    case Type::record:
      if (!field.nullable) return schema.text("$ref", reference(*field.members));
      return schema.any_of([&] { schema.text("$ref", reference(*field.members)); }, [&] { schema.type("null"); });
    case Type::records:
      schema.type("array", field.nullable);
      return schema.member("items", [&] { schema.text("$ref", reference(*field.members)); });
    case Type::named_records:
      schema.type("object", field.nullable);
      return schema.member("additionalProperties", [&] { schema.text("$ref", reference(*field.members)); });
    case Type::texts:
      schema.type("array", field.nullable);
      return schema.member("items", [&] { schema.type("string"); });
    case Type::counts:
      schema.type("object", field.nullable);
      return schema.member("additionalProperties", [&] { integer(false); });
    case Type::any:
    case Type::metrics:
    case Type::members_of:
    case Type::further_texts: return;
  }
}

bool always(const Field&) { return true; }
bool each_line(const Field& field) { return field.each_line; }
bool in_document(const Field& field) { return !field.line_alone; }
bool holds_further_texts(const Field& field) { return field.type == Field::Type::further_texts; }

void write_properties(SchemaWriter& schema, const FieldTable& table, bool (*chosen)(const Field&)) {
  for (const Field& field : table.fields) {
    if (!chosen(field) || holds_further_texts(field)) continue;
    if (field.type == Field::Type::members_of) {
      write_properties(schema, *field.members, always);
    } else if (field.type == Field::Type::metrics) {
      for (const MetricInfo& metric : field.of_metrics()) write_metric(schema, metric);
    } else {
      schema.member(field.name, [&] {
        schema.text("description", field.meaning);
        write_type(schema, field);
      });
    }
  }
}

/// Names of the members that are in every record. Metrics are not: columns may be chosen.
void add_required(std::vector<std::string_view>& names, const FieldTable& table, bool (*chosen)(const Field&)) {
  for (const Field& field : table.fields) {
    if (!chosen(field) || field.present != nullptr || field.type == Field::Type::metrics ||
        holds_further_texts(field)) {
      continue;
    }
    if (field.type == Field::Type::members_of) {
      add_required(names, *field.members, always);
    } else {
      names.push_back(field.name);
    }
  }
}

void write_envelope_properties(SchemaWriter& schema, std::string_view command) {
  schema.member("schema_version", [&] { schema.number("const", 1); });
  schema.member("tool", [&] { schema.text("$ref", "#/$defs/tool"); });
  schema.member("command", [&] { schema.constant(command); });
}
constexpr std::array kEnvelope = {std::string_view("schema_version"), std::string_view("tool"),
                                  std::string_view("command")};

/// The tables whose members stand side by side in one object, behind the envelope.
struct Members {
  const FieldTable* table;
  bool (*chosen)(const Field&);
};

void write_object(SchemaWriter& schema, std::string_view command, const std::vector<Members>& members,
                  const DocumentShape* rows_of) {
  std::vector<std::string_view> required(kEnvelope.begin(), kEnvelope.end());
  schema.type("object");
  schema.member("properties", [&] {
    write_envelope_properties(schema, command);
    for (const Members& one : members) {
      write_properties(schema, *one.table, one.chosen);
      add_required(required, *one.table, one.chosen);
    }
    if (rows_of == nullptr) return;
    required.push_back(rows_of->rows);
    schema.member(rows_of->rows, [&] {
      schema.type("array");
      schema.member("items", [&] { schema.text("$ref", reference(*rows_of->row)); });
    });
  });
  schema.list("required", required);
  schema.flag("additionalProperties", false);
}

void write_shape(SchemaWriter& schema, const DocumentShape& shape) {
  std::vector<Members> head;
  if (shape.head != nullptr) head.push_back({shape.head, always});
  schema.object([&] { write_object(schema, shape.command, head, shape.row != nullptr ? &shape : nullptr); });
  if (shape.refusal != nullptr) {
    schema.object([&] { write_object(schema, shape.command, {{shape.refusal, always}}, nullptr); });
  }
  if (shape.row == nullptr) return;  // its line is the document
  std::vector<Members> line;
  if (shape.head != nullptr) line.push_back({shape.head, each_line});
  line.push_back({shape.row, always});
  schema.object([&] { write_object(schema, shape.command, line, nullptr); });
}

/// Those of all commands; where a command's documents are of several kinds, the shape of each.
std::vector<const DocumentShape*> all_shapes() {
  std::vector<const DocumentShape*> shapes;
  for (const DocumentShape* shape : document_shapes()) {
    if (shape->kinds == nullptr) {
      shapes.push_back(shape);
      continue;
    }
    for (const DocumentShape& kind : shape->kinds()) shapes.push_back(&kind);
  }
  return shapes;
}

}  // namespace

void write_output_schema(Writer& out) {
  SchemaWriter schema(out);
  schema.begin("ctxcost documents: json, and each line of ndjson");
  schema.json().key("anyOf");
  schema.json().begin_array();
  const std::vector<const DocumentShape*> shapes = all_shapes();
  for (const DocumentShape* shape : shapes) write_shape(schema, *shape);
  schema.json().end_array();

  std::vector<const FieldTable*> tables;
  for (const DocumentShape* shape : shapes) {
    if (shape->head != nullptr) collect(*shape->head, tables, false);
    if (shape->row != nullptr) collect(*shape->row, tables);
    if (shape->refusal != nullptr) collect(*shape->refusal, tables, false);
  }
  schema.member("$defs", [&] {
    schema.member("tool", [&] {
      schema.type("object");
      schema.member("properties", [&] {
        schema.member("name", [&] { schema.constant("ctxcost"); });
        schema.member("version", [&] { schema.type("string"); });
      });
      schema.list("required", std::array{"name", "version"});
      schema.flag("additionalProperties", false);
    });
    for (const FieldTable* table : tables) {
      schema.member(table->name, [&] {
        std::vector<std::string_view> required;
        add_required(required, *table, in_document);
        schema.type("object");
        schema.member("properties", [&] { write_properties(schema, *table, in_document); });
        schema.list("required", required);
        if (std::any_of(table->fields.begin(), table->fields.end(), holds_further_texts)) {
          schema.member("additionalProperties", [&] { schema.type("string"); });
        } else {
          schema.flag("additionalProperties", false);
        }
      });
    }
  });
  schema.end();
}

}  // namespace ctxcost
