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

}  // namespace ctxcost::cli
