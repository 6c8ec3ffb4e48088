// The format of our own: a model small enough to write by hand (`ctxcost schema model`).
#pragma once

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

/// A window that the file states is meant.
inline constexpr GgufTraits kOwnGgufTraits = {.windows = true};

/// Has one of the three required keys.
bool looks_like_own_format(const JsonValue& root);

/// Reads a model. Throws InputError with every fault found. `Model::name` stays empty where the file has none.
Model read_own_format(const JsonDocument& document, const LoadOptions& options);

}  // namespace ctxcost
