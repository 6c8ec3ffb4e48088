#include "output_schema.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_string.h"
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

std::string reference(const FieldTable& table) { return "#/$defs/" + std::string(table.name); }

// What stands a thousand times is written as text, a schema of a field on one line.

void write_words(Writer& out, std::span<const std::string_view> words, bool nullable) {
  std::string_view before = ", \"enum\": [";
  for (const std::string_view word : words) {
    out.text(before);
    write_json_string(out, word);
    before = ", ";
  }
  if (nullable) {
    out.text(before);
    out.text("null");
  }
  out.character(']');
}

void write_reference(Writer& out, const FieldTable& table) {
  out.text("{\"$ref\": \"#/$defs/");
  out.text(table.name);
  out.text("\"}");
}

/// "integer" of a type that may be null is a list of both.
void write_type_name(Writer& out, std::string_view name, bool nullable) {
  out.text(nullable ? ", \"type\": [\"" : ", \"type\": \"");
  out.text(name);
  out.text(nullable ? "\", \"null\"]" : "\"");
}

/// The members of a field's schema behind its description.
void write_type(Writer& out, const Field& field) {
  using Type = Field::Type;
  switch (field.type) {
    case Type::count:
      return out.text(field.nullable ? R"(, "type": ["integer", "null"], "minimum": 0)"
                                     : R"(, "type": "integer", "minimum": 0)");
    case Type::integer: return write_type_name(out, "integer", field.nullable);
    case Type::real: return write_type_name(out, "number", field.nullable);
    case Type::text: return out.text(field.nullable ? R"(, "type": ["string", "null"])" : R"(, "type": "string")");
    case Type::flag: return write_type_name(out, "boolean", field.nullable);
    case Type::scalar: return out.text(R"(, "type": ["number", "string", "null"])");
    case Type::word: return write_words(out, field.words, field.nullable);
    case Type::record:
      if (!field.nullable) {
        out.text(R"(, "$ref": "#/$defs/)");
        out.text(field.members->name);
        return out.text("\"");
      }
      out.text(R"(, "anyOf": [)");
      write_reference(out, *field.members);
      return out.text(R"(, {"type": "null"}])");
    case Type::records:
      write_type_name(out, "array", field.nullable);
      out.text(R"(, "items": )");
      return write_reference(out, *field.members);
    case Type::named_records:
      write_type_name(out, "object", field.nullable);
      out.text(R"(, "additionalProperties": )");
      return write_reference(out, *field.members);
    case Type::texts:
      write_type_name(out, "array", field.nullable);
      return out.text(R"(, "items": {"type": "string"})");
    case Type::counts:
      write_type_name(out, "object", field.nullable);
      return out.text(R"(, "additionalProperties": {"type": "integer", "minimum": 0})");
    case Type::any:
    case Type::metrics:
    case Type::members_of:
    case Type::further_texts: return;
  }
}

/// Writes a property with its description; `write` writes the rest of its schema.
template <typename Write>
void write_property(SchemaWriter& schema, std::string_view name, std::string_view description, Write write) {
  schema.json().key(name);
  Writer& out = schema.json().raw_value();
  out.text(R"({"description": )");
  write_json_string(out, description);
  write(out);
  out.character('}');
}

void write_metric(SchemaWriter& schema, const MetricInfo& metric) {
  write_property(schema, metric.name, metric.meaning, [&](Writer& out) {
    if (metric.unit == Unit::level) {
      write_type_name(out, "string", true);
      return write_words(out, kWindowLevels, true);
    }
    out.text(is_whole(metric.unit) ? R"(, "type": ["integer", "null"])" : R"(, "type": ["number", "null"])");
    // What is missing of a memory is less than nothing.
    if (metric.metric != Metric::headroom_bytes) out.text(R"(, "minimum": 0)");
  });
}

bool always(const Field&) { return true; }
bool each_line(const Field& field) { return field.each_line; }
bool in_document(const Field& field) { return !field.line_alone; }
bool holds_further_texts(const Field& field) { return field.type == Field::Type::further_texts; }

/// A property that a table's definition has, too.
void write_defined(SchemaWriter& schema, std::string_view name, const FieldTable& table) {
  schema.json().key(name);
  Writer& out = schema.json().raw_value();
  out.text(R"({"$ref": "#/$defs/)");
  out.text(table.name);
  out.text("/properties/");
  out.text(name);
  out.text("\"}");
}

/// `defined`, if any, is the table with a definition of its own that these properties are of.
void write_properties(SchemaWriter& schema, const FieldTable& table, bool (*chosen)(const Field&),
                      const FieldTable* defined = nullptr) {
  for (const Field& field : table.fields) {
    if (!chosen(field) || holds_further_texts(field)) continue;
    if (field.type == Field::Type::members_of) {
      write_properties(schema, *field.members, always, in_document(field) ? defined : nullptr);
    } else if (field.type == Field::Type::metrics) {
      for (const MetricInfo& metric : field.of_metrics()) {
        defined != nullptr&& in_document(field) ? write_defined(schema, metric.name, *defined)
                                                : write_metric(schema, metric);
      }
    } else if (defined != nullptr && in_document(field)) {
      write_defined(schema, field.name, *defined);
    } else {
      write_property(schema, field.name, field.meaning, [&field](Writer& out) { write_type(out, field); });
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

void write_required(SchemaWriter& schema, const std::vector<std::string_view>& names) {
  schema.json().key("required");
  Writer& out = schema.json().raw_value();
  out.character('[');
  for (std::size_t i = 0; i < names.size(); ++i) {
    // Names of fields have no character to escape.
    out.text(i > 0 ? ", \"" : "\"");
    out.text(names[i]);
    out.character('"');
  }
  out.character(']');
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
  bool defined = false;  ///< the table has a definition
};

void write_object(SchemaWriter& schema, std::string_view command, const std::vector<Members>& members,
                  const DocumentShape* rows_of) {
  std::vector<std::string_view> required(kEnvelope.begin(), kEnvelope.end());
  schema.type("object");
  schema.member("properties", [&] {
    write_envelope_properties(schema, command);
    for (const Members& one : members) {
      write_properties(schema, *one.table, one.chosen, one.defined ? one.table : nullptr);
      add_required(required, *one.table, one.chosen);
    }
    if (rows_of == nullptr) return;
    required.push_back(rows_of->rows);
    schema.member(rows_of->rows, [&] {
      schema.type("array");
      schema.member("items", [&] { schema.text("$ref", reference(*rows_of->row)); });
    });
  });
  write_required(schema, required);
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
  line.push_back({shape.row, always, true});
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
        write_required(schema, required);
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
