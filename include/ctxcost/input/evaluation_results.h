// The scores of an evaluation's prompts, as a harness gives them back: lines of NDJSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// A score of 1 in the units that scores are added up in, so that sums are exact.
inline constexpr std::uint64_t kFullScore = 1'000'000'000'000'000'000;

/// A line of a plan with its score. What the line does not say, or says null of, is empty.
struct ScoredPrompt {
  std::size_t line = 0;  ///< from 1
  Count id;
  Count score;  ///< from 0 to kFullScore
  std::optional<std::string> task;
  std::optional<Count> length;
  std::optional<Count> depth;  ///< in thousandths of a percent
  std::optional<Count> documents;
  std::optional<Count> pairs;
  std::optional<Count> position;
  std::optional<Count> trial;
  std::optional<Count> seed;
};

struct EvaluationResults {
  std::string source;                 ///< names the file in errors
  std::vector<ScoredPrompt> prompts;  ///< in the order of the lines
};

/// Reads lines of NDJSON from a file, or from standard input where it is "-". Each has the "id" of a prompt and its
/// "score", a number from 0 to 1 (digits behind the eighteenth decimal are dropped), true or false; "task" and "length"
/// are required, too. Other keys are those of a plan, or of the harness and not read; empty lines are skipped. Throws
/// InputError with every fault, whose place is the line and the JSON Pointer in it.
EvaluationResults load_evaluation_results(std::string_view path);

/// The same from text in memory; `source` names it in errors.
EvaluationResults parse_evaluation_results(std::string_view text, std::string_view source);

}  // namespace ctxcost
