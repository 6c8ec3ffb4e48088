// The models that a command counts.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost::cli {

/// The models named, under --assume; at least one. Of several, those that cannot be read are left out. Throws
/// InputError with the faults of all where none can.
std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words);

}  // namespace ctxcost::cli
