// The options that say which prompts a long-context evaluation has.
#pragma once

#include <cstdint>
#include <optional>

#include "arguments.h"
#include "ctxcost/answer/evaluation_grid.h"
#include "ctxcost/core/count.h"

namespace ctxcost::cli {

/// Returns a number of at least `least`; nothing where it is not given. Throws InputError.
std::optional<Count> number_of(const Arguments& arguments, OptionId id, Count least);

/// Returns --seed, else 0. Throws InputError.
std::uint64_t read_evaluation_seed(const Arguments& arguments);

/// Reads --grid and what replaces parts of it; --context are the lengths of prompts with a needle. Throws InputError.
EvaluationGrid read_evaluation_grid(const Arguments& arguments, EvaluationTest test);

}  // namespace ctxcost::cli
