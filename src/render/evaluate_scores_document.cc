#include <algorithm>

#include "evaluate_document.h"

namespace ctxcost {
namespace {

/// A mean of some of the scores, with what they have in common.
struct MeanScore {
  std::string_view part;  ///< "cell", "length", "depth", "total"
  const ScoreSum* score;
  const EvaluationSet* set = nullptr;  ///< null: all of them
  std::optional<std::uint32_t> depth;  ///< in thousandths of a percent
  std::optional<std::uint32_t> position;
};

MeanScore mean_at(std::string_view part, const ScoreSum& score, const EvaluationGrid& grid, const EvaluationSet* set,
                  std::optional<std::uint32_t> place) {
  MeanScore mean{part, &score, set, {}, {}};
  (grid.test == EvaluationTest::needle ? mean.depth : mean.position) = place;
  return mean;
}

using MeanField = FieldsOf<MeanScore>;
constexpr Field kOfMeanScore[] = {
    MeanField::word("task", kEvaluationTaskNames, "what the prompts ask for; null of all tasks",
                    [](const MeanScore& m) { return m.set == nullptr ? Value() : Value(task_name(m.set->task)); })
        .or_null(),
    MeanField::count("length", "tokens of a prompt; null of all lengths",
                     [](const MeanScore& m) { return m.set == nullptr ? std::optional<Count>() : m.set->length; }),
    MeanField::count(
        "documents", "documents in a prompt",
        [](const MeanScore& m) { return m.set == nullptr ? std::optional<Count>() : documents_of(*m.set); }),
    MeanField::count("pairs", "pairs in a prompt",
                     [](const MeanScore& m) { return m.set == nullptr ? std::optional<Count>() : pairs_of(*m.set); }),
    MeanField::real("depth", "percent of the haystack before the needle; null of all depths",
                    [](const MeanScore& m) { return m.depth ? Value(*m.depth / 1000.0) : Value(); })
        .or_null(),
    MeanField::count("position", "index of the gold document or pair; null of all positions",
                     [](const MeanScore& m) { return m.position ? std::optional(Count{*m.position}) : std::nullopt; }),
    MeanField::count("scored", "prompts with a score", [](const MeanScore& m) { return m.score->prompts; }),
    MeanField::real("score", "mean of the scores, from 0 to 1; null without one",
                    [](const MeanScore& m) { return to_value(m.score->mean()); })
        .or_null(),
};
constexpr FieldTable kMeanScoreFields{"evaluation_score", kOfMeanScore};

/// A curve, with the grid that it is of.
struct ScoredCurve {
  const EvaluationScores* scores;
  const ScoreCurve* curve;

  const EvaluationSet* set() const { return curve->set ? &scores->grid.sets[*curve->set] : nullptr; }
  MeanScore mean(std::string_view part, std::size_t point) const {
    return mean_at(part, curve->points[point].score, scores->grid, set(), curve->points[point].place);
  }
  Value place(const std::optional<std::size_t>& point) const {
    if (!point) return {};
    const std::uint32_t at = curve->points[*point].place;
    return scores->grid.test == EvaluationTest::needle ? Value(at / 1000.0) : Value(Count{at});
  }
  Value score(const std::optional<std::size_t>& point) const {
    return point ? to_value(curve->points[*point].score.mean()) : Value();
  }
};

using CurveField = FieldsOf<ScoredCurve>;
constexpr Field kOfScoredCurve[] = {
    CurveField::count(
        "length", "tokens of a prompt; null of all lengths",
        [](const ScoredCurve& c) { return c.set() == nullptr ? std::optional<Count>() : c.set()->length; }),
    CurveField::count(
        "documents", "documents in a prompt",
        [](const ScoredCurve& c) { return c.set() == nullptr ? std::optional<Count>() : documents_of(*c.set()); }),
    CurveField::count(
        "pairs", "pairs in a prompt",
        [](const ScoredCurve& c) { return c.set() == nullptr ? std::optional<Count>() : pairs_of(*c.set()); }),
    CurveField::records("points", kMeanScoreFields, "mean scores by depth or position",
                        [](const ScoredCurve& c, const auto& visit) {
                          for (std::size_t i = 0; i < c.curve->points.size(); ++i) visit(c.mean("", i));
                        }),
    CurveField::real("worst", "depth or position with the lowest mean",
                     [](const ScoredCurve& c) { return c.place(c.curve->worst); })
        .or_null(),
    CurveField::real("worst_score", "its mean", [](const ScoredCurve& c) { return c.score(c.curve->worst); }).or_null(),
    CurveField::real("best", "depth or position with the highest mean",
                     [](const ScoredCurve& c) { return c.place(c.curve->best); })
        .or_null(),
    CurveField::real("best_score", "its mean", [](const ScoredCurve& c) { return c.score(c.curve->best); }).or_null(),
    CurveField::real("first_score", "mean of the first place", [](const ScoredCurve& c) { return c.score(0); })
        .or_null(),
    CurveField::real("last_score", "mean of the last place",
                     [](const ScoredCurve& c) { return c.score(c.curve->points.size() - 1); })
        .or_null(),
    CurveField::real("middle_score", "mean of all places between them",
                     [](const ScoredCurve& c) { return to_value(c.curve->middle.mean()); })
        .or_null(),
    CurveField::real("primacy", "mean of the first place less that of the middle",
                     [](const ScoredCurve& c) { return to_value(c.curve->primacy()); })
        .or_null(),
    CurveField::real("recency", "mean of the last place less that of the middle",
                     [](const ScoredCurve& c) { return to_value(c.curve->recency()); })
        .or_null(),
    CurveField::real("drop", "mean of the better end less the lowest mean",
                     [](const ScoredCurve& c) { return to_value(c.curve->drop()); })
        .or_null(),
    CurveField::flag("u_shaped", "the middle is worse than both ends",
                     [](const ScoredCurve& c) {
                       const std::optional<bool> shaped = c.curve->u_shaped();
                       return shaped ? Value(*shaped) : Value();
                     })
        .or_null(),
};
constexpr FieldTable kScoredCurveFields{"evaluation_curve", kOfScoredCurve};

/// Calls visit(mean) for each cell of the heatmap.
template <typename Visit>
void each_cell(const EvaluationScores& scores, Visit&& visit) {
  for (std::size_t i = 0; i < scores.cells.size(); ++i) {
    const EvaluationSet& set = scores.grid.sets[i];
    for (std::size_t j = 0; j < scores.cells[i].size(); ++j) {
      visit(mean_at("cell", scores.cells[i][j], scores.grid, &set,
                    set.places.empty() ? std::nullopt : std::optional(set.places[j])));
    }
  }
}

template <typename Visit>
void each_set(const EvaluationScores& scores, Visit&& visit) {
  for (std::size_t i = 0; i < scores.sets.size(); ++i) {
    visit(mean_at("length", scores.sets[i], scores.grid, &scores.grid.sets[i], std::nullopt));
  }
}

using ScoresField = FieldsOf<EvaluationScores>;
constexpr Field kOfScores[] = {
    ScoresField::word(
        "test", kEvaluationTestNames, "the evaluation",
        [](const EvaluationScores& s) { return kEvaluationTestNames[static_cast<std::size_t>(s.grid.test)]; }),
    ScoresField::text("grid", "name of the original run, or \"own\"",
                      [](const EvaluationScores& s) -> std::string_view { return s.grid.name; }),
    ScoresField::count("prompts", "prompts of the plan", [](const EvaluationScores& s) { return s.planned; }),
    ScoresField::count("scored", "those with a score", [](const EvaluationScores& s) { return s.total.prompts; }),
    ScoresField::count("missing", "those without one", [](const EvaluationScores& s) { return s.missing(); }),
    ScoresField::real("score", "mean of all scores, from 0 to 1",
                      [](const EvaluationScores& s) { return to_value(s.total.mean()); })
        .or_null(),
    ScoresField::records("cells", kMeanScoreFields, "the heatmap: every length with every depth or position",
                         [](const EvaluationScores& s, const auto& visit) { each_cell(s, visit); }),
    ScoresField::records("lengths", kMeanScoreFields, "every length over all its places",
                         [](const EvaluationScores& s, const auto& visit) { each_set(s, visit); }),
    ScoresField::records("curves", kScoredCurveFields,
                         "scores by place: of needles over all lengths first, then of each length",
                         [](const EvaluationScores& s, const auto& visit) {
                           for (const ScoreCurve& curve : s.curves) visit(ScoredCurve{&s, &curve});
                         }),
    ScoresField::texts("notes", "what is missing", kEach<&EvaluationScores::notes>),
};
constexpr FieldTable kScoresFields{"evaluation_scores", kOfScores};

constexpr Field kPartCell = MeanField::text("part", "", [](const MeanScore& m) -> std::string_view { return m.part; });

}  // namespace

const DocumentShape kEvaluationScoresShape = {
    .command = "evaluate", .parts = Part::records | Part::cells | Part::page, .rows = "scores", .row = &kScoresFields};

void EvaluationScoresDocument::for_each_row(const RecordVisitor& visit) const { visit({&kScoresFields, scores_}); }

std::vector<Field> EvaluationScoresDocument::columns() const {
  std::vector<Field> columns = {kPartCell};
  columns.insert(columns.end(), std::begin(kOfMeanScore), std::end(kOfMeanScore));
  return columns;
}

void EvaluationScoresDocument::for_each_cells(const std::function<void(const void* subject)>& visit) const {
  const auto line = [&](const MeanScore& mean) { visit(&mean); };
  each_cell(*scores_, line);
  each_set(*scores_, line);
  // The curve over all lengths has no cells of its own.
  const bool needle = scores_->grid.test == EvaluationTest::needle;
  if (needle) {
    const ScoredCurve curve{scores_, &scores_->curves.front()};
    for (std::size_t i = 0; i < curve.curve->points.size(); ++i) line(curve.mean("depth", i));
  }
  line({"total", &scores_->total, nullptr, {}, {}});
}

void EvaluationScoresDocument::write_page(TextDocument& page) const { write_scores(*scores_, *options_, page); }

}  // namespace ctxcost
