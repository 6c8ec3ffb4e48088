// A remark on a context and the model's window.
#pragma once

#include <string>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// What `window_status` at this context means for this model; empty while the context is within what was trained.
std::string window_note(const Model& model, const Estimate& values, Count context);

}  // namespace ctxcost
