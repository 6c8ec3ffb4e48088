// One JSON document. Rows are written as they are computed.
#include "input/json/json.h"
#include "document.h"
#include "json_writer.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_json(const Document& document, const PageSettings&, Writer& out) {
  if (const std::string_view file = document.file(); !file.empty()) {
    JsonWriter json(out, JsonWriter::Layout::indented);
    json.value(parse_json(file, "the catalogue").root);
    return out.character('\n');
  }
  const DocumentShape& shape = document.shape();
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_envelope(json, shape.command);
  if (shape.head != nullptr) {
    write_members(json, document.head(), [](const Field& field) { return !field.behind_rows; });
  }
  if (shape.row != nullptr) {
    json.key(shape.rows);
    json.begin_array();
    document.for_each_row([&json](const Record& row) {
      json.begin_object();
      write_members(json, row, [](const Field& field) { return !field.line_alone; });
      json.end_object();
    });
    json.end_array();
  }
  if (shape.head != nullptr) write_members(json, document.head(), [](const Field& field) { return field.behind_rows; });
  json.end_object();
  out.character('\n');
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kJson) = {"json", ".json", "one document, integers with all digits, null for unknown",
                                Part::records, write_json};

}  // namespace ctxcost
