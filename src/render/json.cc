// One JSON document with all results, written as they are counted.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void render(const Report& report, const RenderOptions& options, Writer& out) {
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_conventions(json, report, options);
  json.key("results");
  json.begin_array();
  report.for_each_row([&](const Row& row) {
    json.begin_object();
    write_result(json, row, options);
    json.end_object();
  });
  json.end_array();
  json.end_object();
  out.character('\n');
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kJson) = {"json", ".json", "one document, integers with all digits, null for unknown", render};

}  // namespace ctxcost
