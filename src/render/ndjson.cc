// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write(const Document& document, bool, Writer& out) {
  const DocumentShape& shape = document.shape();
  document.for_each_row([&](const Record& row) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_envelope(json, shape.command);
    if (shape.head != nullptr) {
      write_members(json, document.head(), [](const Field& field) { return field.each_line; });
    }
    write_members(json, row);
    json.end_object();
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its conventions", Part::records,
                                  write};

}  // namespace ctxcost
