// One JSON object a line, each complete in itself.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void render(const Report& report, const RenderOptions& options, Writer& out) {
  report.for_each_row([&](const Row& row) {
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_header(json, options);
    write_conventions(json, report, options);
    write_result(json, row, options);
    json.end_object();
    out.character('\n');
  });
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its conventions", render};

}  // namespace ctxcost
