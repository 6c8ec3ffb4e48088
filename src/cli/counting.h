// What the commands that count have in common: the options they share, and what those say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/render/render.h"
#include "output.h"

namespace ctxcost::cli {

/// Items of a comma list of names with settings: in "int4:group=64,zero,q8_0" the commas inside settings do not part.
std::vector<std::string> split_names(const std::vector<std::string>& texts, std::string_view option);

/// The models named, under --assume; at least one. Of several, those that cannot be read are left out. Throws
/// InputError with the faults of all where none can.
std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words);

/// All values of an option as one list, each at least `minimum`.
LengthList lengths(const Arguments& arguments, std::string_view option, Count minimum);

bool wants_color(const Arguments& arguments, const Output& output);

}  // namespace ctxcost::cli
