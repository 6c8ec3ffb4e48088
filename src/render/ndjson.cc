// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_ndjson(const Document& document, bool, Writer& out) {
  if (const std::string_view file = document.file(); !file.empty()) {
    out.text(file);
    return out.character('\n');
  }
  const DocumentShape& shape = document.shape();
  const auto write_line = [&](const Record& head, bool (*of_head)(const Field&), const Record* row) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_envelope(json, shape.command);
    if (head.table != nullptr) write_members(json, head, of_head);
    if (row != nullptr) write_members(json, *row);
    json.end_object();
    out.character('\n');
  };
  document.for_each_refusal([&](const Record& refusal) { write_line(refusal, nullptr, nullptr); });
  if (shape.row == nullptr) return write_line(document.head(), nullptr, nullptr);
  document.for_each_row([&](const Record& row) {
    write_line(
        document.head(), [](const Field& field) { return field.each_line; }, &row);
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its conventions", Part::records,
                                  write_ndjson};

}  // namespace ctxcost
