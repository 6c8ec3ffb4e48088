// Values as display text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctxcost/core/units.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "text_document.h"

namespace ctxcost {

/// A value in its metric's unit: "34.4 GB", "20 ms", "65,536", "beyond"; "–" for nothing.
std::string value_text(Metric metric, const MetricValue& value, UnitSystem units);

/// A value as a number for charts; empty for words, for nothing, and for less than nothing.
std::optional<double> number_of(const MetricValue& value);

/// The label of base^power on the axis of a chart: "1.0 GB", "256.00 MiB", "100x".
std::string power_text(Metric metric, unsigned base, int power, UnitSystem units);

/// What bytes are shown in: "SI units, 1 GB = 10^9 bytes".
std::string_view units_text(UnitSystem units);

/// "causal convention: 2 FLOPs per multiply-add, unmasked pairs only". `all_keys`: no query of the answer is charged
/// less than all n keys.
std::string counting_text(const Convention& convention, Logits logits, bool all_keys = false);

/// What a column of that metric is.
TextDocument::Column::About about_metric(Metric metric);
/// "bytes", "FLOPs"; empty for words and ratios.
std::string_view unit_text(Unit unit);

}  // namespace ctxcost
