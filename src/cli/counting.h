// The models that a command counts.
#pragma once

#include <string>
#include <vector>

#include "arguments.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/model/model.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/render/render.h"
#include "option_values.h"
#include "output.h"

namespace ctxcost::cli {

/// The models named, under --assume; at least one. Of several, those that cannot be read are left out. Throws
/// InputError with the faults of all where none can.
std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words);

}  // namespace ctxcost::cli
