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
  std::vector<ChartLine> lines;
  std::vector<ChartLevel> levels;
  std::vector<ChartTick> ticks;  ///< powers that enclose every point of every choice, ascending
};

/// The names of all charts. Those of times need a GPU.
inline constexpr std::string_view kReportCharts[] = {"attention", "memory", "prefill", "decode"};

/// Returns the charts that the report has points for.
std::vector<ReportChart> charts_of(const ReportAnswer& answer, UnitSystem units);

/// The number of a line at a context; empty where it is unknown or, for a logarithmic axis, 0.
std::optional<double> number_of(const ReportAnswer& answer, const ChartLine& line, ReportChoice choice,
                                std::size_t context);

/// Returns the ticks from the last one at or below `least` to the first one at or above `most`, every one or every
/// second, third, …, so that there are at most `count` of them but for the ends.
std::vector<ChartTick> ticks_between(const std::vector<ChartTick>& ticks, double least, double most, std::size_t count);

}  // namespace ctxcost
