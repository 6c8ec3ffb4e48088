// A note on FLOPs of the whole model under a convention that nobody asked for.
#pragma once

#include <string>

#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/render/render.h"

namespace ctxcost {

/// Returns that figures of the whole model which are shown count one FLOP per multiply-add, while times, and most
/// publications, count two. Empty if none is shown, the convention counts two, or it was asked for.
std::string convention_note(const Convention& convention, const RenderOptions& options, MetricSet shown);

}  // namespace ctxcost
