// Budgets for terminals: one line each, then what failed, where, by how much, and what would pass.
#include "budget_wording.h"
#include "layout.h"

namespace ctxcost {
namespace {

constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";

std::string_view color_of(std::string_view verdict) {
  if (verdict == name(Verdict::fail)) return "\x1b[1;31m";
  return verdict == name(Verdict::warn) ? "\x1b[33m" : "\x1b[32m";
}

void write_table(const TextTable& table, bool color, Writer& out) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.heads.size(); ++i) {
    std::size_t width = characters(table.heads[i].text);
    for (const auto& row : table.rows) width = std::max(width, characters(row[i]));
    widths.push_back(width);
  }
  const auto cell = [&](std::size_t i, const std::string& text, std::string_view escape) {
    const std::size_t padding = widths[i] - characters(text);
    out.text("| ");
    if (table.heads[i].right_aligned) out.repeat(' ', padding);
    if (color && !escape.empty()) out.text(escape);
    out.text(text);
    if (color && !escape.empty()) out.text(kPlain);
    if (!table.heads[i].right_aligned) out.repeat(' ', padding);
    out.character(' ');
  };
  for (std::size_t i = 0; i < widths.size(); ++i) cell(i, table.heads[i].text, kBold);
  out.text("|\n");
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out.text("|-");
    out.repeat('-', widths[i]);
    out.character(table.heads[i].right_aligned ? ':' : '-');
  }
  out.text("|\n");
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) cell(i, row[i], i == 0 ? color_of(row[0]) : std::string_view{});
    out.text("|\n");
  }
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  write_table(overview(report), options.color, out);
  bool first = true;
  for (const auto& [budget, limit] : breaches(report)) {
    out.text(first ? "\n" : "");
    first = false;
    out.text(place_text(*budget.budget, limit.limit->place) + ": " + std::string(name(limit.verdict)) + ": " +
             printable(budget.budget->name) + ": " + breach_text(limit, options.units) + "\n");
    const std::string remedies = remedy_text(limit);
    if (!remedies.empty() && !options.quiet) out.text("  would pass with " + remedies + "\n");
  }
  if (report.baseline) {
    bool any = false;
    for (const BudgetChange& change : report.baseline->changes) {
      if (options.quiet && change.verdict == Verdict::pass) continue;
      const Budget& budget = *change.budget->budget;
      out.text(any ? "" : "\n");
      any = true;
      const std::string_view word = change.verdict == Verdict::pass ? "changed" : name(change.verdict);
      out.text(place_text(budget, budget.place) + ": " + std::string(word) + ": " + printable(budget.name) + ": " +
               change_text(change, options.units) + "\n");
    }
    if (!options.quiet) out.text("\nbaseline " + baseline_text(*report.baseline));
  }
  if (!options.quiet) out.text("\n" + summary_text(report) + "\n");
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetTable) = {"table", ".txt", "one line a budget, then what failed and what would pass", render};

}  // namespace ctxcost
