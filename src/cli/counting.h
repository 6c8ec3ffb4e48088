// The models that a command counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost::cli {

/// Loads the named models under --assume. Returns at least one; those that cannot be read are left out. Throws
/// InputError with all faults if none can be read.
std::vector<SharedModel> load_models(const Arguments& arguments, const std::vector<std::string>& words);

/// Throws InputError where a command has no word that names a model.
void require_model(std::string_view command, const std::vector<std::string>& words);

/// With --quiet, which leaves out the notes: writes what the model's figures take for granted to standard error, the
/// longest context beyond its window included.
void complain_of_assumptions(const Arguments& arguments, const std::string& word, const Model& model);
/// The same for a context, if one is given; nothing depends on --quiet.
void complain_of_assumptions(std::string_view word, const Model& model, const std::optional<Count>& longest);

}  // namespace ctxcost::cli
