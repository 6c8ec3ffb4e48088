// Widths that a mixer takes from d_model where no key gives them.
#pragma once

#include "ctxcost/mechanism.h"

namespace ctxcost {

/// d_model, or the fault that `key` (or the whole mechanism, "kind") cannot do without it.
inline Count needs_d_model(const MixerShape& shape, std::string_view key) {
  if (shape.d_model) return *shape.d_model;
  const bool whole = key == "kind";
  throw SettingFault{std::string(key),
                     whole ? "this mechanism needs \"d_model\", which the model does not give"
                           : "missing; its default needs \"d_model\", which the model does not give",
                     "add \"d_model\" to the model"};
}

/// The whole layer's channels of a state space: `inner`, or `expand` times d_model.
inline Count inner_width(const MixerShape& shape, const Settings& settings) {
  if (settings.has("inner")) return settings.count("inner");
  return settings.count("expand") * needs_d_model(shape, "inner");
}

}  // namespace ctxcost
