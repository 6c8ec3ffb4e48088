// Whether two models have the same figures without counting them.
#pragma once

#include "ctxcost/model/model.h"

namespace ctxcost {

/// Returns true if the models agree in everything that a figure or an engine's rule depends on: all but names, sources,
/// notes, the keys that were read and what was published of it. False where they do not, or where the weights of files
/// or of a scheme would have to be compared.
bool same_figures(const Model& a, const Model& b);

/// Returns true if they agree in all of that but for the usable window and what scales it: then no metric but
/// `window_status` differs. `in_gguf`: the weights are those of GGUF files, where scaling has tables. False as above.
bool differ_only_in_window(const Model& a, const Model& b, bool in_gguf);

}  // namespace ctxcost
