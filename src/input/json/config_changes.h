// Which keys differ between two JSON texts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json.h"

namespace ctxcost {

/// One value that is not the same on both sides.
struct ConfigChange {
  std::vector<std::string> path;      ///< keys from the root; an index of a list as digits
  std::string pointer;                ///< the same as a JSON Pointer
  const JsonValue* before = nullptr;  ///< null: added
  const JsonValue* after = nullptr;   ///< null: removed
};

/// Every change, in the order of `before`, additions behind. Lists are compared whole unless they hold objects; 1 and
/// 1.0 are the same. The values must outlive the result.
std::vector<ConfigChange> config_changes(const JsonValue& before, const JsonValue& after);

/// `root` with one change made; empty where the place is not there.
std::optional<JsonValue> with_change(const JsonValue& root, const ConfigChange& change);

}  // namespace ctxcost
