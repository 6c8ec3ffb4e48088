// Finds the keys that differ between two JSON texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json.h"

namespace ctxcost {

/// One value that differs between the two sides.
struct ConfigChange {
  std::vector<std::string> path;      ///< keys from the root; an index of a list as digits
  std::string pointer;                ///< the same as a JSON Pointer
  const JsonValue* before = nullptr;  ///< null: added
  const JsonValue* after = nullptr;   ///< null: removed
};

/// Returns every change, in the order of `before`, with additions last. Lists are compared as a whole unless they hold
/// objects. 1 and 1.0 are equal. The values must outlive the result.
std::vector<ConfigChange> config_changes(const JsonValue& before, const JsonValue& after);

/// The place of a key in an object, or of an index written in digits in a list; null where there is none.
JsonValue* child_at(JsonValue& parent, std::string_view key);

/// Returns `root` with one change applied. Empty if the place does not exist.
std::optional<JsonValue> with_change(const JsonValue& root, const ConfigChange& change);

}  // namespace ctxcost
