// The models that a command counts.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost::cli {

/// Loads the named models under --assume. Returns at least one; those that cannot be read are left out. Throws
/// InputError with all faults if none can be read.
std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words);

/// With --quiet, which leaves out the notes: writes what the model's figures take for granted to standard error, the
/// longest context beyond its window included.
void complain_of_assumptions(const Arguments& arguments, const std::string& word, const Model& model);

}  // namespace ctxcost::cli
