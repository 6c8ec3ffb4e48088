// `scale --ndjson`: models one a line.
#pragma once

#include "command.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/render/render.h"

namespace ctxcost::cli {

/// Answers each line of the named files on its way to the output. `axes` has no models.
Status run_scale_stream(const Arguments& arguments, const Grid& axes, const Workload& settings,
                        const RenderOptions& render);

}  // namespace ctxcost::cli
