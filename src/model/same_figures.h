// Whether two models have the same figures without counting them.
#pragma once

#include "ctxcost/model/model.h"

namespace ctxcost {

/// Returns true if the models agree in everything that a figure or an engine's rule depends on: all but names, sources,
/// notes, the keys that were read and what was published of it. False where they do not, or where the weights of files
/// or of a scheme would have to be compared.
bool same_figures(const Model& a, const Model& b);

}  // namespace ctxcost
