// The document of `solve`.
#pragma once

#include "ctxcost/answer/solve_answer.h"
#include "document.h"
#include "result_fields.h"

namespace ctxcost {

extern const DocumentShape kSolveShape;

/// The unknown: its name in questions and its unit in answers.
struct SolveQuestion {
  Unknown unknown;
  std::string_view name;  ///< "kv-precision"
  std::string_view unit;  ///< of the answer; empty for a type
};
std::span<const SolveQuestion> solve_questions();

/// The answers to a question. There must be at least one.
class SolveDocument : public Document {
 public:
  /// Both outlive the document.
  SolveDocument(const SolveAnswers& solved, const RenderOptions& options);

  const DocumentShape& shape() const override { return kSolveShape; }
  Record head() const override;
  void for_each_row(const RecordVisitor& visit) const override;
  std::vector<Field> columns() const override;
  void for_each_cells(const std::function<void(const void* subject)>& visit) const override;
  void write_page(TextDocument& page) const override;

  struct Head {
    Conventions conventions;
    std::string_view verdict;  ///< "fits" if anything does
  };

 private:
  const SolveAnswers* solved_;
  const RenderOptions* options_;
  Head head_;
};

/// Returns the question of an answer.
const SolveQuestion& question_of(const SolveAnswer& answer);
/// Returns the answer's notes, and the option that lifts the window if no other change allows more.
std::vector<std::string> notes_of(const SolveAnswer& answer);
/// Writes the page: for each answer its value, the proof, what unlocks more, and notes. Of several answers a line says
/// first which is the best and how many there are, and each names the types and the engine in which they differ.
void write_solved(const std::vector<SolveAnswer>& answers, const RenderOptions& options, TextDocument& page);
/// Writes a table of answers.
void write_answers(const std::vector<SolveAnswer>& answers, TextDocument& page);

}  // namespace ctxcost
