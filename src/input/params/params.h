// Models described by their authors' own keys instead of HuggingFace's: params.json of Meta and Mistral, the files of
// DeepSeek's inference/configs. Each is turned into the config.json that describes the same model.
#pragma once

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

/// Returns whether the widths have their authors' names ("dim" and "n_layers"), and not those of a family whose
/// config.json uses them, too.
bool looks_like_params(const JsonValue& root);

/// Reads such a file strictly: a key that its layout does not know is a fault. Throws InputError with every fault
/// found; places are those of the file.
Model read_params(const JsonDocument& document, const LoadOptions& options);

}  // namespace ctxcost
