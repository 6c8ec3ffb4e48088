// Values as display text.
#pragma once

#include <string>

#include "ctxcost/core/units.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// A value in its metric's unit: "34.4 GB", "20 ms", "65,536", "beyond"; "–" for nothing.
std::string value_text(Metric metric, const MetricValue& value, UnitSystem units);

}  // namespace ctxcost
