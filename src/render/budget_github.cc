// Workflow commands of GitHub Actions: each breach becomes an annotation at its limit in the budget file.
// [GitHub Docs, "Workflow commands for GitHub Actions"; escapes as in actions/toolkit packages/core/src/command.ts]
#include "budget_wording.h"
#include "core/printable.h"

namespace ctxcost {
namespace {

/// Line ends are the command's own escapes; what else is not printable is escaped as in text.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());
    switch (character.code_point) {
      case '%': out += "%25"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      case ':': out += property ? "%3A" : ":"; break;
      case ',': out += property ? "%2C" : ","; break;
      default: out += printable(character.bytes);
    }
  }
  return out;
}

void annotate(Writer& out, Verdict verdict, const Budget& budget, const TextPlace& place, const std::string& text) {
  out.text(verdict == Verdict::fail ? "::error " : "::warning ");
  out.text("file=" + escaped(budget.file, true) + ",line=" + std::to_string(place.line) + ",col=" +
           std::to_string(place.column) + ",title=" + escaped(budget.name, true) + "::" + escaped(text, false) + "\n");
}

void annotate(Writer& out, const BudgetFault& fault) {
  out.text("::error ");
  if (fault.file_at_fault != "-") out.text("file=" + escaped(fault.file_at_fault, true) + ",");
  if (fault.place.line != 0) {
    out.text("line=" + std::to_string(fault.place.line) + ",col=" + std::to_string(fault.place.column) + ",");
  }
  out.text("title=" + escaped("budget file in error", true) + "::" + escaped(fault_text(fault), false) + "\n");
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  for (const BudgetFault& fault : report.faults) annotate(out, fault);
  for (const auto& [budget, limit] : breaches(report)) {
    std::string text = breach_text(limit, options.units);
    const std::string remedies = remedy_text(limit);
    if (!remedies.empty() && !options.quiet) text += "; would pass with " + remedies;
    annotate(out, limit.verdict, *budget.budget, limit.limit->place, text);
  }
  for (const BudgetChange* change : excesses(report)) {
    const Budget& budget = *change->budget->budget;
    annotate(out, change->verdict, budget, budget.place, change_text(*change, options.units) + causes_text(*change));
  }
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetGithub) = {"github", "", "workflow commands: an annotation for each breach", render};

}  // namespace ctxcost
