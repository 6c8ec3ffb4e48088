// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_line(const Document& document, const Record* row, Writer& out) {
  const DocumentShape& shape = document.shape();
  JsonWriter json(out, JsonWriter::Layout::compact);
  json.begin_object();
  write_envelope(json, shape.command);
  if (row == nullptr) {
    write_members(json, document.head());
  } else {
    if (shape.head != nullptr) write_members(json, document.head(), [](const Field& field) { return field.each_line; });
    write_members(json, *row);
  }
  json.end_object();
  out.character('\n');
}

void write(const Document& document, bool, Writer& out) {
  if (const std::string_view file = document.file(); !file.empty()) {
    out.text(file);
    return out.character('\n');
  }
  if (document.shape().row == nullptr) return write_line(document, nullptr, out);
  document.for_each_row([&](const Record& row) { write_line(document, &row, out); });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its conventions", Part::records,
                                  write};

}  // namespace ctxcost
