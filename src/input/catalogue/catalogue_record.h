// A file of configs/models/ that holds a published config.json with what is known about it.
#pragma once

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

/// Has "id" and "config".
bool looks_like_catalogue_record(const JsonValue& root);

/// Reads the config, and adds the record's other data: id, source, and the parts of the checkpoint that no rule derives
/// from the config. Throws InputError with every fault found.
Model read_catalogue_record(const JsonDocument& document, const LoadOptions& options);

}  // namespace ctxcost
