// Files that lie beside a model and are taken for one: what each of them is.
#pragma once

#include <optional>
#include <string>

#include "input/json/json.h"

namespace ctxcost {

/// What a file is that describes no model, in words for a message, and what to name instead.
struct MistakenFile {
  std::string what;
  std::string hint;
};

/// Returns what the file is. Empty where it may be a model's description.
std::optional<MistakenFile> mistaken_file(const JsonValue& root);

}  // namespace ctxcost
