// The most kinds of layers of one model that an answer tells apart.
#pragma once

#include <cstddef>
#include <string_view>

#include "ctxcost/model/model.h"

namespace ctxcost {

/// Models have a few kinds of layers, and where each layer is of its own about a hundred.
inline constexpr std::size_t kMostKinds = 1 << 10;
/// And that any answer counts: `scale` adds them up.
inline constexpr std::size_t kMostCountedKinds = 1 << 13;

/// Throws InputError if the model has more than `most` kinds of layers. `purpose` says in the error what they are too
/// many for: "to explain".
void check_kinds(const Model& model, std::string_view purpose, std::size_t most = kMostKinds);

}  // namespace ctxcost
