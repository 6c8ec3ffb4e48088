// The same table as Markdown, to paste: unpadded cells, growth lines and notes as a list.
#include "layout.h"
#include "row.h"

namespace ctxcost {
namespace {

void render(const Report& report, const RenderOptions& options, Writer& out) {
  write_report(report, options, TextDocument(out, TextStyle::markdown), true);
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kMarkdown) = {"markdown", ".md .markdown", "the table unpadded, to paste", render};

}  // namespace ctxcost
