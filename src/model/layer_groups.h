// Changes of some layers of a model, and the groups that follow from them.
#pragma once

#include <cstdint>
#include <functional>

#include "ctxcost/model/model.h"

namespace ctxcost {

/// Returns whether two mixers are of one kind, shape and settings.
bool same_mixer(const Mixer& a, const Mixer& b);

/// Changes the layers of a stack that `chosen` picks by their index. `change` gets each group's chosen layers as a
/// group of their own; the others stay as they are. Afterwards groups of identical layers are joined, and those of a
/// stack are ordered by their first layers, as readers form them.
void change_layers(Model& model, Stack stack, const std::function<bool(std::uint32_t)>& chosen,
                   const std::function<void(LayerGroup&)>& change);

}  // namespace ctxcost
