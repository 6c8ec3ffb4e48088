// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write(const Document& document, bool, Writer& out) {
  const DocumentShape& shape = document.shape();
  const auto line = [&](const std::function<void(JsonWriter&)>& members) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_envelope(json, shape.command);
    members(json);
    json.end_object();
    out.character('\n');
  };
  if (!shape.lines.empty() || shape.row == nullptr) {
    document.for_each_line([&](const Record& record) { line([&](JsonWriter& json) { write_members(json, record); }); });
    return;
  }
  document.for_each_row([&](const Record& row) {
    line([&](JsonWriter& json) {
      if (shape.head != nullptr) {
        write_members(json, document.head(), [](const Field& field) { return field.each_line; });
      }
      write_members(json, row);
    });
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its conventions", Part::records,
                                  write};

}  // namespace ctxcost
