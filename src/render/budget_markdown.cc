// Budgets as Markdown, for a comment on a pull request or the summary of a job.
#include "budget_wording.h"

namespace ctxcost {
namespace {

void render(const BudgetReport& report, const RenderOptions& options, Writer& writer) {
  TextDocument out(writer, TextStyle::markdown);
  if (!options.quiet) {
    out.line(summary_text(report), Accent::strong);
    out.blank();
  }
  if (!report.judged.empty()) {
    const BudgetOverview table = overview(report);
    out.table(table.columns, table.rows, [](const std::vector<std::string>& row) { return accent_of(row.front()); });
    if (!report.faults.empty()) out.blank();
  }
  for (const BudgetFault& fault : report.faults) {
    out.item();
    out.text(name(Verdict::error), Accent::bad);
    out.line(" (" + place_text(fault) + "): " + fault_text(fault));
  }
  bool first = true;
  for (const auto& [budget, limit] : breaches(report)) {
    if (first) out.blank();
    first = false;
    out.item();
    out.text(budget.budget->name, Accent::strong);
    std::string text =
        " (" + place_text(*budget.budget, limit.limit->place) + "): " + breach_text(limit, options.units);
    const std::string remedies = remedy_text(limit);
    if (!remedies.empty() && !options.quiet) text += "; would pass with " + remedies;
    out.line(text);
  }
  if (!report.baseline) return;
  if (!options.quiet) {
    out.blank();
    out.line("Baseline " + baseline_text(*report.baseline));
  }
  first = true;
  for (const BudgetChange& change : report.baseline->changes) {
    if (options.quiet && change.verdict == Verdict::pass) continue;
    if (first) out.blank();
    first = false;
    out.item();
    if (change.verdict != Verdict::pass) {
      out.text(std::string(name(change.verdict)) + " (baseline)", Accent::bad);
      out.text(": ");
    }
    out.text(change.budget->budget->name, accent_of(name(change.verdict)));
    out.line(": " + change_text(change, options.units) + causes_text(change));
  }
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetMarkdown) = {"markdown", ".md .markdown",
                                          "for a pull request's comment or a job's summary", render};

}  // namespace ctxcost
