// Published results of long-context tests (configs/measured-context.json): what was measured for a model beside the
// window that it claims. No verdict and no number of the cost model depends on them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// One printed score.
struct MeasuredScore {
  std::string at;     ///< a length, a position, a task: what `MeasuredContext::by` names
  std::string score;  ///< as printed, mostly a percentage: "93.8", "<5"
};

/// What one source prints of one model.
struct MeasuredContext {
  std::string benchmark;  ///< "RULER"
  std::string version;    ///< the date or commit of the source
  std::string source;     ///< where the figures stand
  std::string measured;   ///< the model as the source calls it, with what it adds ("no CoT")
  std::optional<Count> claimed_tokens;
  std::string effective;                  ///< the effective length as printed: "32K", ">128K"; empty where none is
  std::optional<Count> printed_tokens;    ///< the same in tokens; empty for "<4K"
  std::string threshold;                  ///< the score that counts as good at a length; empty where there is no rule
  std::optional<Count> effective_tokens;  ///< what the printed scores give by that rule; empty where none is good
  std::string by;                         ///< "tokens", "words", "gold_index", "task", "bin"
  std::vector<MeasuredScore> scores;
  std::string notes;  ///< remarks; empty if none

  /// Returns false if the printed length is not what the printed scores give.
  bool agrees() const { return effective.empty() || threshold.empty() || printed_tokens == effective_tokens; }
};

/// Returns the longest length whose score, and that of every shorter tested length, is at least `threshold`. Empty if
/// the shortest fails. This is RULER's rule and NoLiMa's [NVIDIA/RULER README.md; adobe-research/NoLiMa README.md].
/// `scores` ascend in length. Throws InputError for what is no number.
std::optional<Count> effective_length(const std::vector<MeasuredScore>& scores, std::string_view threshold);

/// Returns what was published for a model, in the order of the file; nothing where nothing was. A model is known by its
/// id in the catalogue, else by its name; owner, separators and packaging ("-Instruct", "-AWQ") do not matter.
std::vector<MeasuredContext> measured_contexts(const Model& model);

}  // namespace ctxcost
