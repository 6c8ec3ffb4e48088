// Aligned text for terminals and logs.
#include "document.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_table(const Document& document, const PageSettings& settings, Writer& out) {
  TextDocument page(out, TextStyle::plain, settings);
  document.write_page(page);
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kTable) = {"table", ".txt", "an aligned table with growth lines and notes", Part::page,
                                 write_table};

}  // namespace ctxcost
