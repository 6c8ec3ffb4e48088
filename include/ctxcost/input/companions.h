// Reads what an engine loads beside a model.
#pragma once

#include <functional>
#include <string>

#include "ctxcost/deployment/setup.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/input/input.h"

namespace ctxcost {

/// Loads the models and files that settings of an engine name (`draft`, `mmproj`). `path_of` gives the path of a name
/// that is not one of the catalogue's. Throws InputError as `load_model`, or if the weights of a projector are unknown.
Companions load_companions(
    const EngineChoice& choice, const LoadOptions& options = {},
    const std::function<std::string(const std::string&)>& path_of = [](const std::string& name) { return name; });

/// Sets the draft that was asked for, whatever the engine. Throws InputError if the engine's settings name one, too.
void set_draft(Companions& companions, SharedModel draft);

}  // namespace ctxcost
