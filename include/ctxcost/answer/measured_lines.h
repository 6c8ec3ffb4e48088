// What was measured of a model's long context, in words.
#pragma once

#include <string>
#include <vector>

#include "ctxcost/input/measured_context.h"

namespace ctxcost {

/// "RULER: 32K effective of 131,072 claimed (85.6 or more) for Llama3.1 (8B) [NVIDIA/RULER README.md, main table;
/// README main @c3f5e3b (2026-07-22)]". Where the printed length and the printed scores differ, both stand there.
std::string measured_text(const MeasuredContext& measured);

/// The scores as printed: "4096 95.5, 8192 93.8".
std::string scores_text(const MeasuredContext& measured);

/// Notes on all that was published for a model (`measured_contexts`), one a source; empty where nothing was.
std::vector<std::string> measured_notes(const Model& model);

}  // namespace ctxcost
