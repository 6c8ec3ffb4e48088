#include "ctxcost/answer/evaluation_scores.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

/// Nobody reads more.
constexpr std::size_t kMostScoreFaults = 100;

/// What was given back, against the plan.
class PlanComparison {
 public:
  PlanComparison(const EvaluationPlan& plan, const EvaluationResults& results) : plan_(&plan), results_(&results) {}

  /// The prompt of a line, or nothing and a fault.
  std::optional<EvaluationPrompt> prompt_of(const ScoredPrompt& line) {
    if (line.id >= plan_->size()) {
      fault(line, "id",
            format("expected a prompt of the plan, from 0 to {}, found {}", to_string(plan_->size() - 1),
                   to_string(line.id)),
            "give the options of the plan");
      return std::nullopt;
    }
    const EvaluationPrompt prompt = plan_->at(line.id);
    return is_same(line, prompt) ? std::optional(prompt) : std::nullopt;
  }

  /// Prompts that stand twice.
  void refuse_repeated() {
    std::vector<const ScoredPrompt*> lines;
    for (const ScoredPrompt& line : results_->prompts) lines.push_back(&line);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const ScoredPrompt* a, const ScoredPrompt* b) { return a->id < b->id; });
    for (std::size_t i = 1; i < lines.size(); ++i) {
      if (lines[i]->id != lines[i - 1]->id) continue;
      fault(
          *lines[i], "id",
          format("expected each prompt once, found {} in line {} before", to_string(lines[i]->id), lines[i - 1]->line));
    }
  }

  void throw_if_any() {
    if (faults_.empty()) return;
    if (left_out_ > 0) faults_.push_back({results_->source, "", format("and {} more faults", left_out_), ""});
    throw InputError(std::move(faults_));
  }

 private:
  void fault(const ScoredPrompt& line, std::string_view key, std::string message, std::string hint = {}) {
    if (faults_.size() == kMostScoreFaults) {
      ++left_out_;
      return;
    }
    faults_.push_back({results_->source, format("line {}: /{}", line.line, key), std::move(message), std::move(hint)});
  }

  /// A line that says something else than the plan belongs to another plan.
  bool is_same(const ScoredPrompt& line, const EvaluationPrompt& prompt) {
    const EvaluationSet& set = plan_->grid().sets[prompt.set];
    const bool needle = set.task == EvaluationTask::needle;
    std::optional<Count> place;
    if (!set.places.empty()) place = set.places[prompt.cell];
    const auto known = [](bool has, Count value) { return has ? std::optional(value) : std::nullopt; };
    const auto text = [](std::string_view key, const std::optional<Count>& value) {
      if (!value) return std::string("null");
      return key == "depth" ? depth_text(static_cast<std::uint32_t>(value->u64())) : to_string(*value);
    };
    const auto same = [&](std::string_view key, const std::optional<Count>& found,
                          const std::optional<Count>& planned) {
      if (!found || found == planned) return true;
      fault(line, key,
            format("expected {} of prompt {} in the plan, found {}", text(key, planned), to_string(prompt.id),
                   text(key, found)),
            "give the options of the plan");
      return false;
    };
    const std::string_view task = kEvaluationTaskNames[static_cast<std::size_t>(set.task)];
    if (line.task && *line.task != task) {
      fault(line, "task",
            format("expected \"{}\" of prompt {} in the plan, found \"{}\"", task, to_string(prompt.id), *line.task),
            "give the options of the plan");
      return false;
    }
    const bool documents = set.task == EvaluationTask::multi_document_qa || set.task == EvaluationTask::oracle ||
                           set.task == EvaluationTask::closed_book;
    return same("length", line.length, set.length) && same("depth", line.depth, needle ? place : std::nullopt) &&
           same("documents", line.documents, known(documents, set.items)) &&
           same("pairs", line.pairs, known(set.task == EvaluationTask::key_value, set.items)) &&
           same("position", line.position, needle ? std::nullopt : place) && same("trial", line.trial, prompt.repeat) &&
           same("seed", line.seed, Count{prompt.seed});
  }

  const EvaluationPlan* plan_;
  const EvaluationResults* results_;
  std::vector<Diagnostic> faults_;
  std::size_t left_out_ = 0;
};

ScoreCurve curve_of(std::optional<std::size_t> set, const std::vector<std::uint32_t>& places,
                    const std::vector<ScoreSum>& scores) {
  ScoreCurve curve;
  curve.set = set;
  for (std::size_t i = 0; i < places.size(); ++i) curve.points.push_back({places[i], scores[i]});
  std::sort(curve.points.begin(), curve.points.end(),
            [](const ScorePoint& a, const ScorePoint& b) { return a.place < b.place; });
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    const ScoreSum& one = curve.points[i].score;
    if (i > 0 && i + 1 < curve.points.size()) curve.middle.add(one);
    if (one.prompts == 0) continue;
    if (!curve.best || curve.points[*curve.best].score.below(one)) curve.best = i;
    if (!curve.worst || one.below(curve.points[*curve.worst].score)) curve.worst = i;
  }
  return curve;
}

void set_curves(EvaluationScores& scores) {
  const std::vector<EvaluationSet>& sets = scores.grid.sets;
  if (scores.grid.test == EvaluationTest::needle) {
    std::vector<ScoreSum> by_depth(sets.front().cells());
    for (const std::vector<ScoreSum>& cells : scores.cells) {
      for (std::size_t i = 0; i < cells.size(); ++i) by_depth[i].add(cells[i]);
    }
    scores.curves.push_back(curve_of(std::nullopt, sets.front().places, by_depth));
    if (sets.size() == 1) return;
  }
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (!sets[i].places.empty()) scores.curves.push_back(curve_of(i, sets[i].places, scores.cells[i]));
  }
}

std::optional<double> difference_of_means(const ScoreSum& a, const ScoreSum& b) {
  if (a.prompts == 0 || b.prompts == 0) return std::nullopt;
  return *a.mean() - *b.mean();
}

}  // namespace

std::optional<double> ScoreSum::mean() const {
  if (prompts == 0) return std::nullopt;
  return sum.to_double() / (prompts * kFullScore).to_double();
}

std::optional<double> ScoreCurve::primacy() const { return difference_of_means(points.front().score, middle); }

std::optional<double> ScoreCurve::recency() const { return difference_of_means(points.back().score, middle); }

std::optional<double> ScoreCurve::drop() const {
  const ScoreSum& first = points.front().score;
  const ScoreSum& last = points.back().score;
  if (first.prompts == 0 || last.prompts == 0) return std::nullopt;
  return difference_of_means(first.below(last) ? last : first, points[*worst].score);
}

std::optional<bool> ScoreCurve::u_shaped() const {
  const ScoreSum& first = points.front().score;
  const ScoreSum& last = points.back().score;
  if (first.prompts == 0 || last.prompts == 0 || middle.prompts == 0) return std::nullopt;
  return middle.below(first) && middle.below(last);
}

EvaluationScores score(const EvaluationPlan& plan, const EvaluationResults& results) {
  EvaluationScores scores;
  scores.grid = plan.grid();
  scores.planned = plan.size();
  scores.sets.resize(scores.grid.sets.size());
  for (const EvaluationSet& set : scores.grid.sets) scores.cells.emplace_back(set.cells());

  PlanComparison comparison(plan, results);
  for (const ScoredPrompt& line : results.prompts) {
    const std::optional<EvaluationPrompt> prompt = comparison.prompt_of(line);
    if (!prompt) continue;
    scores.cells[prompt->set][prompt->cell].add(line.score);
    scores.sets[prompt->set].add(line.score);
    scores.total.add(line.score);
  }
  comparison.refuse_repeated();
  comparison.throw_if_any();

  set_curves(scores);
  if (scores.missing() > 0) {
    scores.notes.push_back(
        format("{} of {} prompts have no score", with_separators(scores.missing()), with_separators(scores.planned)));
  }
  return scores;
}

}  // namespace ctxcost
