// How well a model did where: the scores of an evaluation's prompts by length and by place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/answer/evaluation_grid.h"
#include "ctxcost/input/evaluation_results.h"

namespace ctxcost {

/// Scores of some prompts, added up exactly.
struct ScoreSum {
  Count prompts;  ///< with a score
  Count sum;      ///< in units of which kFullScore make 1

  void add(Count score) {
    prompts += 1;
    sum += score;
  }
  void add(const ScoreSum& other) {
    prompts += other.prompts;
    sum += other.sum;
  }
  /// From 0 to 1; empty without a prompt.
  std::optional<double> mean() const;
  /// Compares means exactly. Both have prompts.
  bool below(const ScoreSum& other) const { return sum * other.prompts < other.sum * prompts; }
};

/// All prompts that ask at one place.
struct ScorePoint {
  std::uint32_t place;
  ScoreSum score;
};

/// Scores by place. It is U-shaped if the middle is worse than both ends. [Liu 2023, arXiv 2307.03172, section 2.3]
struct ScoreCurve {
  std::optional<std::size_t> set;  ///< empty: the places of all sets, which are the same
  std::vector<ScorePoint> points;  ///< by place, the first place first
  ScoreSum middle;                 ///< all points but the first and the last

  // Indices into `points`, of those with a score; the first of equal ones.
  std::optional<std::size_t> best;
  std::optional<std::size_t> worst;

  /// mean(first) - mean(middle), and mean(last) - mean(middle): what it is worth to stand at an end.
  std::optional<double> primacy() const;
  std::optional<double> recency() const;
  /// The better end's mean - the worst point's.
  std::optional<double> drop() const;
  /// Empty if an end or the middle has no score.
  std::optional<bool> u_shaped() const;
};

/// The scores of a plan.
struct EvaluationScores {
  EvaluationGrid grid;
  Count planned;  ///< prompts of the plan
  ScoreSum total;
  std::vector<std::vector<ScoreSum>> cells;  ///< by set and place: the heatmap
  std::vector<ScoreSum> sets;                ///< by set: by length, or by number of documents
  /// Of needles: over all lengths, then each length where there are several. Else: each set with places.
  std::vector<ScoreCurve> curves;
  std::vector<std::string> notes;

  Count missing() const { return planned - total.prompts; }
};

/// Puts scores in the plan's cells. Throws InputError with every fault, that names the results' line: a prompt that the
/// plan does not have, or not so, and one that was scored before.
EvaluationScores score(const EvaluationPlan& plan, const EvaluationResults& results);

}  // namespace ctxcost
