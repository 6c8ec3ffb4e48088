// One JSON document, its rows written as they are counted.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write(const Document& document, bool, Writer& out) {
  const DocumentShape& shape = document.shape();
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_envelope(json, shape.command);
  if (shape.head != nullptr) write_members(json, document.head());
  if (shape.row != nullptr) {
    json.key(shape.rows);
    json.begin_array();
    document.for_each_row([&json](const Record& row) { write_record(json, row); });
    json.end_array();
  }
  json.end_object();
  out.character('\n');
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kJson) = {"json", ".json", "one document, integers with all digits, null for unknown",
                                Part::records, write};

}  // namespace ctxcost
