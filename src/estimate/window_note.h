// Notes on a context and the model's window.
#pragma once

#include <string>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Returns what `window_status` at this context means for this model. Empty if the context is within the trained
/// window.
std::string window_note(const Model& model, const Estimate& values, Count context);
/// The same, before anything is counted.
std::string window_note(const Model& model, Count context);
/// Returns what stands behind the context's own label in that note: the same at all contexts of the level.
std::string window_note_behind_label(const Model& model, const Estimate& values);

}  // namespace ctxcost
