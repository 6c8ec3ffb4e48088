// The options that `fit` and `solve` share, and the question that they ask.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/input/load_accelerator.h"

namespace ctxcost::cli {

/// Returns the options of a command that puts a model on devices.
std::span<const OptionId> deployment_options();
/// Returns the same options without --verbose and its like, for a command whose page has no more to show.
std::span<const OptionId> deployment_options_without_verbose();

/// Combines every GPU with every split. Throws InputError where a split has another number of devices than --gpu.
std::vector<Placement> placements(const std::vector<GpuChoice>& gpus, const std::vector<Parallelism>& splits);
/// The same of machines. Each of several parts has a utilization of its own where those are given.
std::vector<Placement> placements(const std::vector<MachineChoice>& machines, const std::vector<Parallelism>& splits,
                                  const std::vector<Fraction>& utilizations);

/// Throws InputError if one of `ids` was given without --gpu, which it belongs to.
void require_gpu(const Arguments& arguments, std::initializer_list<OptionId> ids);

/// Reads what the options say of types, engines and devices, without models. Throws InputError.
DeploymentQuestion read_devices(const Arguments& arguments);

/// Throws InputError where several engines, placements, contexts or batches were given.
void require_one_case(const DeploymentQuestion& question);

/// Reads the question that the options ask about the models in `words`. `command` is named in errors. Throws
/// InputError, also where a split has another number of devices than --gpu.
DeploymentQuestion read_question(std::string_view command, const Arguments& arguments,
                                 const std::vector<std::string>& words);

/// Leaves out the models without a trained context if no --context was given, and reports each on standard error.
void leave_out_without_context(DeploymentQuestion& question);

}  // namespace ctxcost::cli
