// The options that `fit` and `solve` share, and the question that they ask.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/input/load_accelerator.h"

namespace ctxcost::cli {

/// The options of both commands.
std::span<const OptionId> deployment_options();

/// Every GPU with every split. Throws InputError where a split does not have as many devices as --gpu asks for.
std::vector<Placement> placements(const std::vector<GpuChoice>& gpus, const std::vector<Parallelism>& splits);

/// What the options ask of the models that `words` name, for the command `command`. Throws InputError, also where a
/// split does not have as many devices as --gpu asks for.
DeploymentQuestion read_question(std::string_view command, const Arguments& arguments,
                                 const std::vector<std::string>& words);

/// Leaves out the models that do not say for what context to ask, where none was given: their error is in the words of
/// the command line.
void leave_out_without_context(DeploymentQuestion& question);

}  // namespace ctxcost::cli
