// The charts of a report: lines of figures against the context, on two logarithmic axes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/report.h"
#include "ctxcost/core/units.h"
#include "report_figures.h"

namespace ctxcost {

/// How a line is drawn, so that colour is not all that tells lines apart.
enum class Dash { solid, dashed, dotted };

/// A figure of a series against the context.
struct ChartLine {
  std::string name;
  std::size_t series;
  std::size_t figure;  ///< of `report_figures`
  Dash dash = Dash::solid;
  bool shown = true;  ///< at first
};

/// A horizontal line: the memory of devices.
struct ChartLevel {
  std::string name;
  Count value;
};

/// A label of the vertical axis.
struct ChartTick {
  double at;
  std::string label;
};

struct ReportChart {
  std::string_view name;  ///< "memory"
  std::string title;
  Metric unit;  ///< a metric of the unit of its lines
  std::vector<ChartLine> lines;
  std::vector<ChartLevel> levels;
  std::vector<ChartTick> ticks;  ///< around every point of every choice, ascending; groups from the first on
};

/// The names of all charts. Those of times need a GPU.
inline constexpr std::string_view kReportCharts[] = {"attention", "memory", "prefill", "decode"};

/// Returns the charts that the report has points for.
std::vector<ReportChart> charts_of(const ReportAnswer& answer, UnitSystem units);

/// The number of a line at a context; empty where it is unknown or, for a logarithmic axis, 0.
std::optional<double> number_of(const ReportAnswer& answer, const ChartLine& line, ReportChoice choice,
                                std::size_t context);

/// Ticks come in threes: 1, 2, 5 and 10, 20, 50.
inline constexpr std::size_t kTickGroup = 3;

/// The vertical axis of some numbers.
struct AxisTicks {
  double least;
  double most;
  std::vector<ChartTick> labelled;
};
/// Returns the axis from the last tick at or below `least` to the first one at or above `most`. Of its ticks every one
/// has a label or, where these are more than `count`, the first of each group, of every second group, ….
AxisTicks ticks_between(const std::vector<ChartTick>& ticks, double least, double most, std::size_t count);

}  // namespace ctxcost
