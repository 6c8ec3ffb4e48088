// Loads an accelerator by name: from the built-in catalogue or from a user's file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/machine.h"

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
/// Throws InputError for a machine of unequal cards, too: it is asked for one kind.
GpuChoice parse_gpu(std::string_view text);

/// The cards of one machine: NAME[:COUNT]+NAME[:COUNT]+…, of one part or several.
struct MachineChoice {
  std::string name;  ///< as given
  std::vector<GpuChoice> parts;
};
/// Reads a machine. A plus sign that is part of a name or path does not divide it. Throws InputError.
MachineChoice parse_machine(std::string_view text);
/// Returns where the names of a machine's parts begin and end in a text, by its plus signs alone.
std::vector<std::string_view> machine_parts(std::string_view text);

/// Returns the machine of several parts, with the usable share of each part's memory where they are given. Throws
/// InputError that names `source` if the shares are not as many as the parts.
Machine machine_of(const MachineChoice& choice, std::span<const Fraction> utilizations, std::string_view source);

}  // namespace ctxcost
