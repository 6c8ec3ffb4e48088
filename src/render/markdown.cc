// The same page as Markdown, to paste: unpadded cells, lists for what is several lines of a kind.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_markdown(const Document& document, const PageSettings& settings, Writer& out) {
  TextDocument page(out, TextStyle::markdown, settings);
  document.write_page(page);
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kMarkdown) = {"markdown", ".md .markdown", "the page as Markdown, to paste", Part::page,
                                    write_markdown};

}  // namespace ctxcost
