// The aligned table for terminals.
#include "layout.h"
#include "row.h"

namespace ctxcost {
namespace {

void render(const Report& report, const RenderOptions& options, Writer& out) {
  write_report(report, options, TextDocument(out, TextStyle::plain, options.color), false);
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kTable) = {"table", ".txt", "an aligned table with growth lines and notes", render};

}  // namespace ctxcost
