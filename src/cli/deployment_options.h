// The options that `fit` and `solve` share, and the question that they ask.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/answer/deployment_question.h"

namespace ctxcost::cli {

/// Reads "2GiB", "4.06 GiB", "500MB" or plain bytes; a fraction of a byte is dropped. Throws InputError naming
/// `option`.
Count parse_size(std::string_view text, std::string_view option);
/// Reads "5%" or a size. Throws InputError that names `option`.
Margin parse_margin(std::string_view text, std::string_view option);

/// The options of both commands.
std::span<const OptionInfo> deployment_options();

/// What the options ask of the models that `words` name, for the command `command`. Throws InputError, also where a
/// split does not have as many devices as --gpu asks for.
DeploymentQuestion read_question(std::string_view command, const Arguments& arguments,
                                 const std::vector<std::string>& words);

/// Leaves out the models that do not say for what context to ask, where none was given: their error is in the words of
/// the command line.
void leave_out_without_context(DeploymentQuestion& question);

}  // namespace ctxcost::cli
