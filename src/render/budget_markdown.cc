// Budgets as Markdown, for a comment on a pull request or the summary of a job.
#include "budget_wording.h"

namespace ctxcost {
namespace {

/// Names come from files: they are text, never markup.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\|`*_<>[]#&").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  const TextTable table = overview(report);
  if (!options.quiet) out.text("**" + summary_text(report) + "**\n\n");
  for (const TextTable::Head& head : table.heads) out.text("| " + head.text + " ");
  out.text("|\n");
  for (const TextTable::Head& head : table.heads) out.text(head.right_aligned ? "|---:" : "|---");
  out.text("|\n");
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool bad = i == 0 && row[i] != name(Verdict::pass);
      out.text(bad ? "| **" + row[i] + "** " : "| " + escaped(row[i]) + " ");
    }
    out.text("|\n");
  }
  bool first = true;
  for (const auto& [budget, limit] : breaches(report)) {
    out.text(first ? "\n" : "");
    first = false;
    out.text("- **" + escaped(budget.budget->name) + "** (" + escaped(place_text(*budget.budget, limit.limit->place)) +
             "): " + escaped(breach_text(limit, options.units)));
    const std::string remedies = remedy_text(limit);
    if (!remedies.empty() && !options.quiet) out.text("; would pass with " + escaped(remedies));
    out.character('\n');
  }
  if (!report.baseline) return;
  if (!options.quiet) out.text("\nBaseline " + escaped(baseline_text(*report.baseline)) + "\n");
  first = true;
  for (const BudgetChange& change : report.baseline->changes) {
    if (options.quiet && change.verdict == Verdict::pass) continue;
    out.text(first ? "\n" : "");
    first = false;
    const std::string budget = escaped(change.budget->budget->name);
    out.text(change.verdict == Verdict::pass ? "- " + budget + ": " : "- **" + budget + "**: ");
    out.text(escaped(change_text(change, options.units)) + "\n");
  }
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetMarkdown) = {"markdown", ".md .markdown", "for a pull request's comment or a job's summary",
                                          render};

}  // namespace ctxcost
