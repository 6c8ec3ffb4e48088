#include "ctxcost/answer/measured_lines.h"

#include "core/format.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

std::string measured_text(const MeasuredContext& measured) {
  std::string text = measured.benchmark + ":";
  if (!measured.effective.empty()) text += format(" {} effective", measured.effective);
  const bool ruled = !measured.threshold.empty();
  if (ruled) {
    const std::string by_scores = measured.effective_tokens ? with_separators(*measured.effective_tokens) : "no length";
    if (measured.effective.empty()) {
      text += format(" {} effective by its scores", by_scores);
    } else if (!measured.agrees()) {
      text += format(" as printed, {} by its scores", by_scores);
    }
  }
  if (measured.effective.empty() && !ruled) text += " scores only";
  if (measured.claimed_tokens) text += format(", {} claimed", with_separators(*measured.claimed_tokens));
  if (ruled) text += format("; good is {} or more", measured.threshold);
  text += format("; {} [{}; {}]", measured.measured, measured.source, measured.version);
  return text;
}

std::string scores_text(const MeasuredContext& measured) {
  std::string text;
  for (const MeasuredScore& score : measured.scores) {
    text += format("{}{} {}", text.empty() ? "" : ", ", score.at, score.score);
  }
  return text;
}

std::vector<std::string> measured_notes(const Model& model) {
  std::vector<std::string> notes;
  for (const MeasuredContext& measured : measured_contexts(model)) {
    notes.push_back("measured, " + measured_text(measured));
  }
  return notes;
}

}  // namespace ctxcost
