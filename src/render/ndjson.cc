// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_ndjson(const Document& document, const PageSettings&, Writer& out) {
  const DocumentShape& shape = document.shape();
  if (const std::string_view file = document.file(); !file.empty() && shape.head == nullptr) {
    out.text(file);
    return out.character('\n');
  }
  const auto write_line = [&shape](JsonWriter& json, const Record& head, bool (*of_head)(const Field&),
                                   const Record* row) {
    json.begin_object();
    write_envelope(json, shape.command);
    if (head.table != nullptr) write_members(json, head, of_head);
    if (row != nullptr) write_members(json, *row);
    json.end_object();
  };
  const auto add_line = [&](const Record& head, bool (*of_head)(const Field&), const Record* row) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    write_line(json, head, of_head, row);
    out.character('\n');
  };
  constexpr auto kInEachLine = [](const Field& field) { return field.each_line; };
  document.for_each_refusal([&](const Record& refusal) { add_line(refusal, nullptr, nullptr); });
  if (shape.row == nullptr) return add_line(document.head(), nullptr, nullptr);
  const Record head = document.head();
  const bool written = document.write_lines(
      out, [&](JsonWriter& json, const Record& row) { write_line(json, head, kInEachLine, &row); });
  if (written) return;
  document.for_each_row([&](const Record& row) { add_line(document.head(), kInEachLine, &row); });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson",      ".ndjson .jsonl", "one result a line, with its conventions",
                                  Part::records, write_ndjson,     true};

}  // namespace ctxcost
