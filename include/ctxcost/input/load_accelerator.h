// Loads an accelerator by name: from the built-in catalogue or from a user's file.
#pragma once

#include <optional>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/deployment/accelerator.h"

namespace ctxcost {

/// Finds a built-in entry by id (case ignored), or, if the name ends in .json or has a slash, reads a JSON file with
/// one entry in the catalogue's format. Throws InputError naming a near match.
Accelerator load_accelerator(std::string_view name);

/// Loads the same from text in memory. `source` names it in errors.
Accelerator parse_accelerator(std::string_view text, std::string_view source);

/// A device and their number: NAME[:COUNT].
struct GpuChoice {
  Accelerator gpu;
  std::optional<Count> count;
};
GpuChoice parse_gpu(std::string_view text);

}  // namespace ctxcost
