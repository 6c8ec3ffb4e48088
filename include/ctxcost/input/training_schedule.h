// What a model is trained on, stage by stage: from a setting, or from a JSON file.
#pragma once

#include <string_view>
#include <vector>

#include "ctxcost/estimate/training.h"

namespace ctxcost {

/// Reads "64K:62914560": a context and the tokens trained at it, both as lengths. Throws InputError that names
/// `source`.
TrainingStage parse_stage(std::string_view text, std::string_view source);

/// Reads {"stages": [{"context": "64K", "tokens": 62914560}, …]} from a file, or from standard input where it is "-".
/// Throws InputError with every fault, unknown keys among them.
std::vector<TrainingStage> load_schedule(std::string_view path);

/// The same from text in memory; `source` names it in errors.
std::vector<TrainingStage> parse_schedule(std::string_view text, std::string_view source);

}  // namespace ctxcost
