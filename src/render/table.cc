// The aligned table for terminals: a pipe table that is Markdown as well.
#include "layout.h"
#include "row.h"

namespace ctxcost {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";

void write_padded(Writer& out, std::string_view text, const TableLayout::Head& head) {
  const std::size_t padding = head.width - characters(text);
  if (head.right_aligned) out.repeat(' ', padding);
  out.text(text);
  if (!head.right_aligned) out.repeat(' ', padding);
}

void render(const Report& report, const RenderOptions& options, Writer& out) {
  const TableLayout layout(report, options);
  if (!options.quiet) {
    out.text(layout.caption());
    out.text("\n\n");
  }
  for (const TableLayout::Head& head : layout.heads()) {
    out.text("| ");
    if (options.color) out.text(kBold);
    write_padded(out, head.text, head);
    if (options.color) out.text(kPlain);
    out.character(' ');
  }
  out.text("|\n");
  for (const TableLayout::Head& head : layout.heads()) {
    out.text("|-");
    out.repeat('-', head.width);
    out.character(head.right_aligned ? ':' : '-');
  }
  out.text("|\n");
  report.for_each_row([&](const Row& row) {
    const std::vector<std::string> cells = layout.cells(row);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      out.text("| ");
      write_padded(out, cells[i], layout.heads()[i]);
      out.character(' ');
    }
    out.text("|\n");
  });
  if (options.quiet) return;

  bool any = false;
  report.for_each_row([&](const Row& row) {
    const std::string line = layout.growth(row);
    if (line.empty()) return;
    out.text(any ? "" : "\n");
    out.text(line);
    out.character('\n');
    any = true;
  });
  any = false;
  for (const std::string& note : layout.notes()) {
    out.text(any ? "" : "\n");
    out.text("note: ");
    out.text(note);
    out.character('\n');
    any = true;
  }
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kTable) = {"table", ".txt", "an aligned table with growth lines and notes", render};

}  // namespace ctxcost
