// What people read of an evaluation's scores: a heatmap and a curve made of characters.
#include <algorithm>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "evaluate_document.h"

namespace ctxcost {
namespace {

/// Places that a table shows in columns of their own. More make a row of bars.
constexpr std::size_t kMostPlaceColumns = 12;
/// Lower eighths of a block: an eighth of all scores each.
constexpr std::string_view kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::size_t kCurveWidth = 20;

/// In so many parts of 1, rounded half up on the exact sum; nothing where no prompt has a score.
std::optional<Count> parts_of(const ScoreSum& score, Count parts) {
  if (score.prompts == 0) return std::nullopt;
  const Count one = score.prompts * kFullScore;
  return (2 * parts * score.sum + one) / (2 * one);
}

/// One character, "?" where no prompt has a score.
std::string_view score_bar(const ScoreSum& score) {
  if (score.prompts == 0) return "?";
  const Count eighth = 8 * score.sum / (score.prompts * kFullScore);
  return kBars[static_cast<std::size_t>(min(eighth, 7).u64())];
}

constexpr TextDocument::Column::About about_prompts(bool needle) {
  return needle ? TextDocument::Column::About{"length", "tokens", "of a prompt"}
                : TextDocument::Column::About{"task", {}, "what the prompts hold"};
}
constexpr TextDocument::Column::About kBarsAbout = {"score", {}, "a bar for the mean of each place"};
TextDocument::Column scored_column() {
  return {.heading = "Scored", .right_aligned = true, .about = {"scored", {}, "prompts with a score"}};
}
TextDocument::Column mean_column() {
  return {.heading = "Mean", .right_aligned = true, .about = {"score", {}, "mean of their scores"}};
}

/// Lengths with their means by place: in columns where there are few places and all sets have the same.
void write_heatmap(const EvaluationScores& scores, TextDocument& page) {
  const std::vector<EvaluationSet>& sets = scores.grid.sets;
  const bool needle = scores.grid.test == EvaluationTest::needle;
  const bool columns_of_places = needle && sets.front().places.size() <= kMostPlaceColumns;
  std::vector<TextDocument::Column> columns = {
      {.heading = needle ? "Length" : "Prompts of", .right_aligned = needle, .about = about_prompts(needle)},
      scored_column(),
      mean_column()};
  if (columns_of_places) {
    for (const std::uint32_t place : sets.front().places) {
      columns.push_back({.heading = place_text(scores.grid, place),
                         .right_aligned = true,
                         .about = {"score", {}, "mean of the scores with the needle at that depth"}});
    }
  } else {
    columns.push_back({.heading = needle ? format("{} to {}", place_text(scores.grid, sets.front().places.front()),
                                                  place_text(scores.grid, sets.front().places.back()))
                                         : "First to last position",
                       .about = kBarsAbout});
  }
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](std::string name, const ScoreSum& sum, const std::vector<ScoreSum>& cells) {
    std::vector<std::string> row = {std::move(name), with_separators(sum.prompts), score_text(sum)};
    std::string bars;
    for (const ScoreSum& cell : cells) {
      if (columns_of_places) {
        row.push_back(score_text(cell));
      } else {
        bars += score_bar(cell);
      }
    }
    if (!columns_of_places) row.push_back(std::move(bars));
    rows.push_back(std::move(row));
  };
  for (std::size_t i = 0; i < sets.size(); ++i) add(set_text(sets[i]), scores.sets[i], scores.cells[i]);
  if (sets.size() > 1) {
    std::vector<ScoreSum> by_place;
    if (needle) {
      by_place.resize(sets.front().cells());
      for (const std::vector<ScoreSum>& cells : scores.cells) {
        for (std::size_t i = 0; i < cells.size(); ++i) by_place[i].add(cells[i]);
      }
    }
    add("total", scores.total, by_place);
  }
  page.table(std::move(columns), rows);
}

/// "worst at 50%: 40.0%, 55.0% below the better end"
std::string curve_text(const EvaluationScores& scores, const ScoreCurve& curve) {
  const ScorePoint& worst = curve.points[*curve.worst];
  const ScorePoint& best = curve.points[*curve.best];
  const auto points_text = [](double difference) {
    return format("{}{:.1f} points", difference < 0 ? "-" : "+", difference < 0 ? -difference * 100 : difference * 100);
  };
  std::string text = format("worst at {}: {}; best at {}: {}", place_text(scores.grid, worst.place),
                            score_text(worst.score), place_text(scores.grid, best.place), score_text(best.score));
  if (const std::optional<double> drop = curve.drop())
    text += format("; {:.1f} points below the better end", *drop * 100);
  const std::optional<double> primacy = curve.primacy();
  const std::optional<double> recency = curve.recency();
  if (primacy && recency) {
    text += format("; first {}, last {} against the middle", points_text(*primacy), points_text(*recency));
  }
  if (curve.u_shaped().value_or(false)) text += "; U-shaped";
  return text;
}

void write_curve(const EvaluationScores& scores, const ScoreCurve& curve, TextDocument& page) {
  const bool needle = scores.grid.test == EvaluationTest::needle;
  std::vector<std::vector<std::string>> rows;
  for (const ScorePoint& point : curve.points) {
    std::string bar;
    const Count blocks = parts_of(point.score, kCurveWidth).value_or(0);
    for (Count i; i < blocks; i += 1) bar += kBars[7];
    rows.push_back({place_text(scores.grid, point.place), with_separators(point.score.prompts), score_text(point.score),
                    std::move(bar)});
  }
  const std::string name = curve.set ? set_text(scores.grid.sets[*curve.set]) : "All lengths";
  const TextDocument::Column place = {.heading = needle ? "Depth" : "Position",
                                      .right_aligned = true,
                                      .about = {needle ? "depth" : "position", {}, "of what is asked for"}};
  page.table({place, scored_column(), mean_column(), {.heading = name, .about = kBarsAbout}}, rows);
}

}  // namespace

std::string score_text(const ScoreSum& score) {
  const std::optional<Count> tenths = parts_of(score, 1000);
  return tenths ? format("{}.{}%", to_string(*tenths / 10), to_string(*tenths % 10)) : "–";
}

std::string place_text(const EvaluationGrid& grid, std::uint32_t place) {
  return grid.test == EvaluationTest::needle ? depth_text(place) + "%" : std::to_string(place);
}

void write_scores(const EvaluationScores& scores, const RenderOptions& options, TextDocument& page) {
  write_heatmap(scores, page);
  // Of needles the curve over all lengths; the heatmap has those of each length.
  const bool needle = scores.grid.test == EvaluationTest::needle;
  for (const ScoreCurve& curve : scores.curves) {
    if (!curve.worst) continue;
    page.blank();
    write_curve(scores, curve, page);
    page.blank();
    page.line(curve_text(scores, curve));
    if (needle) break;
  }
  if (options.quiet || scores.notes.empty()) return;
  page.blank();
  for (const std::string& note : scores.notes) page.item("note: " + note);
}

}  // namespace ctxcost
