// Finds the keys that differ between two JSON texts.
#pragma once

#include <string>
#include <string_view>
#include <utility>
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

/// Applies one change to a value, and takes it back at the end of its life.
class AppliedChange {
 public:
  AppliedChange(JsonValue& root, const ConfigChange& change);
  ~AppliedChange();
  AppliedChange(const AppliedChange&) = delete;
  AppliedChange& operator=(const AppliedChange&) = delete;
  /// Returns false if the place does not exist: nothing was changed then.
  explicit operator bool() const { return kind_ != Kind::nothing; }

 private:
  enum class Kind { nothing, replaced, added, removed };
  Kind kind_ = Kind::nothing;
  JsonValue* place_ = nullptr;  ///< the value that was replaced, or the object
  JsonValue before_;
  std::vector<std::pair<std::size_t, JsonMember>> removed_;  ///< with their places, ascending
};

}  // namespace ctxcost
