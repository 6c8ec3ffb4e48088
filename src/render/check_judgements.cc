#include <algorithm>

#include "budget_wording.h"
#include "check_document.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

/// Of a budget's metric, at the point where it was judged.
Judgement judgement_of(const Budget& budget, const TextPlace& place, Verdict verdict, Metric metric) {
  Judgement judgement;
  judgement.verdict = verdict;
  judgement.subject = budget.name;
  judgement.metric = info(metric).name;
  judgement.rule_meaning = info(metric).meaning;
  judgement.file = budget.file;
  judgement.place = place;
  return judgement;
}

Judgement judgement_of(const Budget& budget, const JudgedLimit& judged, const RenderOptions& options) {
  const Limit& limit = *judged.limit;
  Judgement judgement = judgement_of(budget, limit.place, judged.verdict, limit.metric);
  judgement.test = format("{} {} {}", judgement.metric, limit_text(limit), point_text(judged.context, judged.batch));
  judgement.rule = judgement.metric;
  judgement.rule_title = format("{} outside its budget", judgement.metric);
  judgement.fingerprint =
      format("{}/{}/{}/{}/{}", budget.name, judgement.metric, limit.side == LimitSide::max ? "max" : "min",
             to_string(judged.context), to_string(judged.batch));
  if (judged.verdict == Verdict::pass) return judgement;
  judgement.message = breach_text(judged, options.units);
  judgement.advice = advice_text(judged, options);
  return judgement;
}

Judgement judgement_of(const BudgetChange& change, const RenderOptions& options) {
  const Budget& budget = *change.budget->budget;
  Judgement judgement = judgement_of(budget, budget.place, change.verdict, change.change.metric);
  judgement.test = format("{} {}", judgement.metric, point_text(change.context, change.batch));
  judgement.rule = format("baseline/{}", judgement.metric);
  judgement.rule_title = format("{} worse than in the baseline", judgement.metric);
  judgement.fingerprint =
      format("{}/{}/baseline/{}/{}", budget.name, judgement.metric, to_string(change.context), to_string(change.batch));
  if (change.verdict == Verdict::pass) return judgement;
  judgement.message = change_text(change, options.units) + causes_text(change);
  return judgement;
}

Judgement judgement_of(const BudgetFault& fault) {
  Judgement judgement;
  judgement.verdict = Verdict::error;
  judgement.subject = "budget file in error";
  judgement.message = fault_text(fault);
  judgement.diagnostic = to_string(fault.diagnostic);
  judgement.file = fault.file_at_fault;
  judgement.place = fault.place;
  return judgement;
}

}  // namespace

Judgements judgements_of(const BudgetReport& report, const RenderOptions& options) {
  Judgements all;
  const auto add = [&all](Judgement judgement) {
    all.items.push_back(std::move(judgement));
    return &all.items.back();
  };
  for (const JudgedBudget& judged : report.judged) {
    const Budget& budget = *judged.budget;
    if (all.suites.empty() || all.suites.back() != budget.file) all.suites.push_back(budget.file);
    for (const JudgedLimit& limit : judged.limits) {
      add(judgement_of(budget, limit, options))->suite = all.suites.size() - 1;
    }
  }
  for (const BudgetFault& fault : report.faults) {
    const auto suite = std::find(all.suites.begin(), all.suites.end(), fault.file);
    add(judgement_of(fault))->suite = static_cast<std::size_t>(suite - all.suites.begin());
    if (suite == all.suites.end()) all.suites.push_back(fault.file);
  }
  if (!report.baseline) return all;
  all.suites.push_back("baseline " + report.baseline->source);
  for (const BudgetChange& change : report.baseline->changes) {
    if (!change.allowed.empty()) add(judgement_of(change, options))->suite = all.suites.size() - 1;
  }
  return all;
}

}  // namespace ctxcost
