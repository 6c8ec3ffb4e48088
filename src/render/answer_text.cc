// The documents of answers as text, for users of the library.
#include "ctxcost/render/answer_text.h"

#include <utility>
#include <vector>

#include "check_document.h"
#include "compare_document.h"
#include "ctxcost/answer/fit.h"
#include "ctxcost/answer/solve_answer.h"
#include "ctxcost/core/diagnostic.h"
#include "diff_document.h"
#include "evaluate_document.h"
#include "explain_document.h"
#include "fit_document.h"
#include "list_document.h"
#include "positions_document.h"
#include "reconcile_document.h"
#include "scale_document.h"
#include "solve_document.h"
#include "train_document.h"

namespace ctxcost {
namespace {

std::string text_of(const Document& document, std::string_view format) {
  std::string known;
  for (const OutputFormat* one : formats_of(document.shape())) {
    if (one->name == format) return to_string(document, *one);
    known += (known.empty() ? "" : ", ") + std::string(one->name);
  }
  throw InputError(setting_fault("format", "expected one of " + known + ", found \"" + std::string(format) + "\""));
}

/// An answer without results has no document.
void need_results(bool any, const std::vector<InputError>& left_out) {
  if (any) return;
  std::vector<Diagnostic> reasons;
  for (const InputError& error : left_out) {
    reasons.insert(reasons.end(), error.diagnostics().begin(), error.diagnostics().end());
  }
  throw InputError(std::move(reasons));
}

}  // namespace

std::string render(const Report& report, std::string_view format, const RenderOptions& options) {
  return text_of(ScaleDocument(report, options), format);
}

std::string render(const Explanation& explanation, std::string_view format, const RenderOptions& options) {
  return text_of(ExplainDocument(explanation, options), format);
}

std::string render(const FitAnswer& answer, std::string_view format, const RenderOptions& options) {
  need_results(!answer.alternatives.empty(), answer.left_out);
  return text_of(FitDocument(answer, options), format);
}

std::string render(const SolveAnswers& answers, std::string_view format, const RenderOptions& options) {
  need_results(!answers.answers.empty(), answers.left_out);
  return text_of(SolveDocument(answers, options), format);
}

std::string render(const Difference& difference, std::string_view format, const RenderOptions& options) {
  return text_of(DiffDocument(difference, options), format);
}

std::string render(const BudgetReport& report, std::string_view format, const RenderOptions& options) {
  return text_of(CheckDocument(report, options), format);
}

std::string render(const TrainingAnswer& answer, std::string_view format, const RenderOptions& options) {
  return text_of(TrainDocument(answer, options), format);
}

std::string render(const PositionAnswer& answer, std::string_view format, const RenderOptions& options) {
  return text_of(PositionsDocument(answer, options), format);
}

std::string render(const EvaluationAnswer& answer, std::string_view format, const RenderOptions& options) {
  return text_of(EvaluationDocument(answer, options), format);
}

std::string render(const EvaluationScores& scores, std::string_view format, const RenderOptions& options) {
  return text_of(EvaluationScoresDocument(scores, options), format);
}

std::string render(const ReconcileAnswer& answer, std::string_view format, const RenderOptions& options) {
  return text_of(ReconcileDocument(answer, options), format);
}

std::string render(const StrategyComparison& answer, std::string_view format, const RenderOptions& options) {
  return text_of(CompareDocument(answer, options), format);
}

std::string render(const CatalogueListing& listing, std::string_view format) {
  return text_of(ListDocument(listing), format);
}

}  // namespace ctxcost
