// The same table as plain Markdown, to paste: unpadded cells, growth lines and notes as a list.
#include "layout.h"
#include "row.h"

namespace ctxcost {
namespace {

void write_cell(Writer& out, std::string_view text) {
  out.text("| ");
  for (const char c : text) {
    if (c == '|') out.character('\\');
    out.character(c);
  }
  out.character(' ');
}

void render(const Report& report, const RenderOptions& options, Writer& out) {
  const TableLayout layout(report, options);
  if (!options.quiet) {
    out.text(layout.caption());
    out.text("\n\n");
  }
  for (const TableLayout::Head& head : layout.heads()) write_cell(out, head.text);
  out.text("|\n");
  for (std::size_t i = 0; i < layout.heads().size(); ++i) out.text("|---");
  out.text("|\n");
  report.for_each_row([&](const Row& row) {
    for (const std::string& cell : layout.cells(row)) write_cell(out, cell);
    out.text("|\n");
  });
  if (options.quiet) return;

  bool any = false;
  const auto item = [&out, &any](std::string_view text) {
    out.text(any ? "- " : "\n- ");
    out.text(text);
    out.character('\n');
    any = true;
  };
  report.for_each_row([&](const Row& row) {
    if (const std::string line = layout.growth(row); !line.empty()) item(line);
  });
  for (const std::string& note : layout.notes()) item("note: " + note);
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kMarkdown) = {"markdown", ".md .markdown", "the table unpadded, to paste", render};

}  // namespace ctxcost
