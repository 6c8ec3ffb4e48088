// What `evaluate` answers, as documents: what an evaluation costs, the plan of its prompts, the scores given back.
#pragma once

#include "ctxcost/answer/evaluation.h"
#include "ctxcost/answer/evaluation_scores.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kEvaluateShape;          ///< of all three
extern const DocumentShape kEvaluationShape;        ///< of an EvaluationDocument
extern const DocumentShape kEvaluationPlanShape;    ///< of an EvaluationPlanDocument
extern const DocumentShape kEvaluationScoresShape;  ///< of an EvaluationScoresDocument

/// Prompts, tokens, FLOPs and times by length, by task and in all.
class EvaluationDocument : public Document {
 public:
  /// Both outlive the document.
  EvaluationDocument(const EvaluationAnswer& answer, const RenderOptions& options);

  const DocumentShape& shape() const override { return kEvaluationShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const EvaluationAnswer* answer_;
  const RenderOptions* options_;
  Conventions conventions_;
};

/// A record for each prompt. None is stored.
class EvaluationPlanDocument : public Document {
 public:
  /// The plan outlives the document.
  explicit EvaluationPlanDocument(const EvaluationPlan& plan) : plan_(&plan) {}

  const DocumentShape& shape() const override { return kEvaluationPlanShape; }
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;

 private:
  const EvaluationPlan* plan_;
};

/// The heatmap, the curves, and the means of their rows.
class EvaluationScoresDocument : public Document {
 public:
  /// Both outlive the document.
  EvaluationScoresDocument(const EvaluationScores& scores, const RenderOptions& options)
      : scores_(&scores), options_(&options) {}

  const DocumentShape& shape() const override { return kEvaluationScoresShape; }
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

 private:
  const EvaluationScores* scores_;
  const RenderOptions* options_;
};

/// A table of the lengths, the exact sums, notes.
void write_evaluation(const EvaluationAnswer& answer, const RenderOptions& options, TextDocument& page);
/// The heatmap and the curve as text.
void write_scores(const EvaluationScores& scores, const RenderOptions& options, TextDocument& page);

/// "87.5%", rounded half up on the exact sum; "–" where no prompt has a score.
std::string score_text(const ScoreSum& score);
/// "50%" of a needle's depth, else the position.
std::string place_text(const EvaluationGrid& grid, std::uint32_t place);
/// "16K", "20 documents", "140 pairs", "oracle"
std::string set_text(const EvaluationSet& set);
/// "needle", "multi_document_qa"
constexpr std::string_view task_name(EvaluationTask task) {
  return kEvaluationTaskNames[static_cast<std::size_t>(task)];
}
/// Documents of a set that has some, be it none.
inline std::optional<Count> documents_of(const EvaluationSet& set) {
  const bool pairs = set.task == EvaluationTask::needle || set.task == EvaluationTask::key_value;
  return pairs ? std::nullopt : std::optional(set.items);
}
inline std::optional<Count> pairs_of(const EvaluationSet& set) {
  return set.task == EvaluationTask::key_value ? std::optional(set.items) : std::nullopt;
}

}  // namespace ctxcost
