// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write(const Document& document, bool, Writer& out) {
  const DocumentShape& shape = document.shape();
  const bool own_lines = !shape.lines.empty();
  const auto write_line = [&](const Record& record) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_envelope(json, shape.command);
    if (!own_lines && shape.head != nullptr) {
      write_members(json, document.head(), [](const Field& field) { return field.each_line; });
    }
    write_members(json, record);
    json.end_object();
    out.character('\n');
  };
  own_lines ? document.for_each_line(write_line) : document.for_each_row(write_line);
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its conventions", Part::records,
                                  write};

}  // namespace ctxcost
