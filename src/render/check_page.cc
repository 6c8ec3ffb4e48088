#include "budget_wording.h"
#include "check_document.h"
#include "core/format.h"
#include "ctxcost/core/lengths.h"
#include "value_text.h"

namespace ctxcost {
namespace {

/// "4K", "4K, 16K", or "4K to 128K (6)".
std::string list_text(const LengthList& list) {
  constexpr std::uint64_t kShown = 3;
  if (list.size() > kShown) {
    return length_label(list.smallest()) + " to " + length_label(list.largest()) + " (" + to_string(list.size()) + ")";
  }
  std::string text;
  for (const Count value : list) text += (text.empty() ? "" : ", ") + length_label(value);
  return text;
}

/// "fail", or "fail (baseline)" where all limits hold and only a change since the baseline is too much.
std::string verdict_text(const JudgedBudget& judged) {
  return std::string(name(judged.verdict)) + (judged.by_baseline() ? " (baseline)" : "");
}

/// Of the verdict that a cell starts with.
Accent accent_of(std::string_view verdict) {
  if (verdict.starts_with(name(Verdict::fail))) return Accent::bad;
  return verdict.starts_with(name(Verdict::warn)) ? Accent::warning : Accent::good;
}

/// A row for each budget.
void write_overview(const BudgetReport& report, TextDocument& page) {
  std::vector<std::vector<std::string>> rows;
  for (const JudgedBudget& judged : report.judged) {
    const Budget& budget = *judged.budget;
    rows.push_back({verdict_text(judged), budget.name, budget.model_name, list_text(budget.contexts),
                    list_text(budget.batches), format("{} of {}", judged.limits_met(), judged.limits.size())});
  }
  page.table(
      {{.heading = "Verdict", .about = {"verdict", {}, "the worst of its limits and of changes since a baseline"}},
       {.heading = "Budget", .about = {"name", {}, "of the budget"}},
       {.heading = "Model", .about = {"model", {}, "as the budget names it"}},
       {.heading = "Context", .right_aligned = true, .about = about_metric(Metric::context)},
       {.heading = "Batch", .right_aligned = true, .about = about_metric(Metric::batch)},
       {.heading = "Limits met",
        .right_aligned = true,
        .about = {"limits", {}, "limits that hold, of all, counted at each context and batch"}}},
      rows, [](const std::vector<std::string>& row) { return accent_of(row.front()); });
}

/// The changes since the baseline that the page shows.
std::vector<const BudgetChange*> shown_changes(const BudgetReport& report, bool quiet) {
  if (quiet) return excesses(report);
  std::vector<const BudgetChange*> all;
  if (report.baseline) {
    for (const BudgetChange& change : report.baseline->changes) all.push_back(&change);
  }
  return all;
}

void write_breaches(const BudgetReport& report, const RenderOptions& options, TextDocument& page) {
  bool first = true;
  for (const auto& [judged, limit] : breaches(report)) {
    if (first) page.blank();
    first = false;
    const std::string place = place_text(judged.budget->file, limit.limit->place);
    const std::string advice = advice_text(limit, options);
    const std::string breach = breach_text(limit, options.units);
    if (page.style() == TextStyle::markdown) {
      page.item();
      page.text(judged.budget->name, Accent::strong);
      page.line(format(" ({}): {}{}{}", place, breach, advice.empty() ? "" : "; ", advice));
    } else {
      page.line(format("{}: {}: {}: {}", place, name(limit.verdict), judged.budget->name, breach));
      if (!advice.empty()) page.line("  " + advice);
    }
  }
  if (options.quiet || page.style() == TextStyle::markdown) return;
  for (const JudgedBudget& judged : report.judged) {
    for (const BudgetPoint& point : judged.points) {
      if (point.margin_note.empty()) continue;
      if (first) page.blank();
      first = false;
      page.line(format("note: {}: {} tokens, batch {}: {}", judged.budget->name, length_label(point.context),
                       to_string(point.batch), point.margin_note));
    }
  }
}

void write_change(const BudgetChange& change, UnitSystem units, TextDocument& page) {
  const Budget& budget = *change.budget->budget;
  const bool passes = change.verdict == Verdict::pass;
  const std::string verdict = std::string(name(change.verdict)) + " (baseline)";
  if (page.style() == TextStyle::markdown) {
    page.item();
    if (!passes) {
      page.text(verdict, Accent::bad);
      page.text(": ");
    }
    page.text(budget.name, accent_of(name(change.verdict)));
    page.line(": " + change_text(change, units) + causes_text(change));
  } else {
    page.line(place_text(budget.file, budget.place) + ": " + (passes ? "changed" : verdict) + ": " + budget.name +
              ": " + change_text(change, units));
    for (const ChangeCause& cause : change.causes) page.line("  because of " + cause_text(cause));
  }
}

void write_changes(const BudgetReport& report, const RenderOptions& options, TextDocument& page) {
  const std::vector<const BudgetChange*> changes = shown_changes(report, options.quiet);
  if (!changes.empty()) page.blank();
  for (const BudgetChange* change : changes) write_change(*change, options.units, page);
}

/// For terminals and logs: the most important lines come last. Faults of files are on standard error.
void write_plain(const BudgetReport& report, const RenderOptions& options, TextDocument& page) {
  if (report.judged.empty()) return;
  write_overview(report, page);
  write_breaches(report, options, page);
  write_changes(report, options, page);
  if (options.quiet) return;
  page.blank();
  if (report.baseline) page.line("baseline " + baseline_text(*report.baseline));
  page.line(summary_text(report));
}

/// For a comment on a pull request or a job summary: the most important lines come first.
void write_markdown(const BudgetReport& report, const RenderOptions& options, TextDocument& page) {
  if (!options.quiet) {
    page.line(summary_text(report), Accent::strong);
    page.blank();
  }
  if (!report.judged.empty()) {
    write_overview(report, page);
    if (!report.faults.empty()) page.blank();
  }
  for (const BudgetFault& fault : report.faults) {
    page.item();
    page.text(name(Verdict::error), Accent::bad);
    page.line(" (" + place_text(fault.file_at_fault, fault.place) + "): " + fault_text(fault));
  }
  write_breaches(report, options, page);
  if (report.baseline && !options.quiet) {
    page.blank();
    page.line("Baseline " + baseline_text(*report.baseline));
  }
  write_changes(report, options, page);
}

}  // namespace

void write_budgets(const BudgetReport& report, const RenderOptions& options, TextDocument& page) {
  page.style() == TextStyle::markdown ? write_markdown(report, options, page) : write_plain(report, options, page);
}

}  // namespace ctxcost
