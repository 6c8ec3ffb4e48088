// The JSON text behind a model, for comparing configs key by key.
#pragma once

#include <optional>
#include <string>

#include "input/json/json.h"

namespace ctxcost {

/// Returns the JSON text of a model that `load_model` finds under that name. Empty if there is none. Throws InputError
/// if it is not JSON.
std::optional<JsonDocument> config_of(const std::string& word);

/// Returns a catalogue record's config, or the text itself.
const JsonValue& config_root(const JsonDocument& document);
const JsonValue& config_root(const JsonValue& root);

}  // namespace ctxcost
