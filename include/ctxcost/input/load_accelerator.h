// From a name to an accelerator: the built-in catalogue, or a file of one's own.
#pragma once

#include <optional>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/deployment/accelerator.h"

namespace ctxcost {

/// Finds a built-in entry by id (case ignored), or reads a JSON file with one entry in the catalogue's format when the
/// name ends in .json or has a slash. Throws InputError with a near match.
Accelerator load_accelerator(std::string_view name);

/// The same from text in memory; `source` names it in errors.
Accelerator parse_accelerator(std::string_view text, std::string_view source);

/// A device and how many of them: NAME[:COUNT].
struct GpuChoice {
  Accelerator gpu;
  std::optional<Count> count;
};
GpuChoice parse_gpu(std::string_view text);

}  // namespace ctxcost
