// Budgets for terminals: one line each, then what failed, where, by how much, and what would pass.
#include "budget_wording.h"

namespace ctxcost {
namespace {

void render(const BudgetReport& report, const RenderOptions& options, Writer& writer) {
  if (report.judged.empty()) return;  // standard error says why
  TextDocument out(writer, TextStyle::plain, options.color);
  const BudgetOverview table = overview(report);
  out.table(table.columns, table.rows, [](const std::vector<std::string>& row) { return accent_of(row.front()); });
  bool first = true;
  for (const auto& [budget, limit] : breaches(report)) {
    if (first) out.blank();
    first = false;
    out.line(place_text(*budget.budget, limit.limit->place) + ": " + std::string(name(limit.verdict)) + ": " +
             budget.budget->name + ": " + breach_text(limit, options.units));
    const std::string remedies = remedy_text(limit);
    if (!remedies.empty() && !options.quiet) out.line("  would pass with " + remedies);
  }
  if (!options.quiet) {
    for (const JudgedBudget& judged : report.judged) {
      for (const BudgetPoint& point : judged.points) {
        if (point.margin_note.empty()) continue;
        if (first) out.blank();
        first = false;
        out.line("note: " + judged.budget->name + ": " + length_label(point.context) + " tokens, batch " +
                 to_string(point.batch) + ": " + point.margin_note);
      }
    }
  }
  if (report.baseline) {
    bool any = false;
    for (const BudgetChange& change : report.baseline->changes) {
      if (options.quiet && change.verdict == Verdict::pass) continue;
      const Budget& budget = *change.budget->budget;
      if (!any) out.blank();
      any = true;
      const std::string word =
          change.verdict == Verdict::pass ? "changed" : std::string(name(change.verdict)) + " (baseline)";
      out.line(place_text(budget, budget.place) + ": " + word + ": " + budget.name + ": " +
               change_text(change, options.units));
      for (const ChangeCause& cause : change.causes) out.line("  because of " + cause_text(cause));
    }
    if (!options.quiet) {
      out.blank();
      out.line("baseline " + baseline_text(*report.baseline));
    }
  }
  if (options.quiet) return;
  if (!report.baseline) out.blank();
  out.line(summary_text(report));
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetTable) = {"table", ".txt", "one line a budget, then what failed and what would pass",
                                       render};

}  // namespace ctxcost
