#include "report_chart.h"

#include <algorithm>
#include <cmath>

#include "core/format.h"
#include "deployment_fields.h"
#include "value_text.h"

namespace ctxcost {
namespace {

/// A chart, its figures and how each is drawn.
struct ChartShape {
  std::string_view name;
  std::string_view title;
  struct Line {
    std::string_view figure;
    std::string_view label;  ///< behind the series' name; empty for a chart of one figure
    Dash dash = Dash::solid;
    bool shown = true;  ///< where there are several series
  };
  std::vector<Line> lines;
  bool has_levels = false;
};

std::vector<ChartShape> chart_shapes() {
  return {{kReportCharts[0], "Attention FLOPs", {{"attention_flops", ""}}},
          {kReportCharts[1],
           "KV cache and weights",
           {{"memory_bytes", "weights + KV + state"},
            {"kv_cache_bytes", "KV cache", Dash::dashed},
            {"weights_bytes", "weights", Dash::dotted, false}},
           true},
          {kReportCharts[2], "Prefill time, at least", {{"prefill_seconds", ""}}},
          {kReportCharts[3], "Decode time per token, at least", {{"decode_seconds_per_token", ""}}}};
}

/// The least and the largest number of a chart's lines and levels, at any choice. Empty without any.
struct Range {
  double least = 0;
  double most = 0;

  void take(double value) {
    if (value <= 0) return;
    least = least == 0 ? value : std::min(least, value);
    most = std::max(most, value);
  }
};

Range range_of(const ReportAnswer& answer, const ReportChart& chart) {
  Range range;
  for (const ChartLine& line : chart.lines) {
    const ReportFigure& figure = report_figures()[line.figure];
    for (const ReportPoint& point : answer.series[line.series].points) range.take(figure.number(point).value_or(0));
  }
  for (const ChartLevel& level : chart.levels) range.take(level.value.to_double());
  return range;
}

/// 1, 2 and 5 times powers of 10; of bytes in IEC units powers of 2. Every kTickGroup-th is a power of 10 or of 8.
std::vector<ChartTick> ticks_around(const Range& range, Metric unit, UnitSystem units) {
  const bool is_binary = info(unit).unit == Unit::bytes && units == UnitSystem::iec;
  const double base = is_binary ? 8 : 10;
  const bool is_whole_unit = info(unit).unit != Unit::seconds;
  const double digits = std::log(base);
  const int first = static_cast<int>(std::floor(std::log(range.least) / digits));
  const int last = static_cast<int>(std::ceil(std::log(range.most) / digits));
  std::vector<ChartTick> ticks;
  for (int power = is_whole_unit ? std::max(first, 0) : first; power <= last; ++power) {
    for (const int step : {1, 2, is_binary ? 4 : 5}) {
      const double at = std::pow(base, power) * step;
      // A whole number of bytes or FLOPs reads as one: 1.0 GB.
      Count whole = step;
      for (int i = 0; i < power && is_whole_unit; ++i) whole *= Count{is_binary ? 8 : 10};
      ticks.push_back({at, value_text(unit, is_whole_unit ? MetricValue(whole) : MetricValue(at), units)});
    }
  }
  return ticks;
}

}  // namespace

std::optional<double> number_of(const ReportAnswer& answer, const ChartLine& line, ReportChoice choice,
                                std::size_t context) {
  choice.context = context;
  const std::optional<double> number = report_figures()[line.figure].number(answer.at(line.series, choice));
  return number && *number > 0 ? number : std::nullopt;
}

AxisTicks ticks_between(const std::vector<ChartTick>& ticks, double least, double most, std::size_t count) {
  std::size_t first = 0;
  while (first + 1 < ticks.size() && ticks[first + 1].at <= least) ++first;
  std::size_t last = std::min(first + 1, ticks.size() - 1);
  while (last + 1 < ticks.size() && ticks[last].at < most) ++last;
  AxisTicks axis{ticks[first].at, ticks[last].at, {}};
  std::size_t step = 1;
  while ((last - first) / step + 1 > count) step = step == 1 ? kTickGroup : step + kTickGroup;
  for (std::size_t i = first; i <= last; ++i) {
    if (i % step == 0) axis.labelled.push_back(ticks[i]);
  }
  return axis;
}

std::vector<ReportChart> charts_of(const ReportAnswer& answer, UnitSystem units) {
  std::vector<ReportChart> charts;
  for (const ChartShape& shape : chart_shapes()) {
    ReportChart chart{};
    chart.name = shape.name;
    chart.title = shape.title;
    for (std::size_t series = 0; series < answer.series.size(); ++series) {
      for (const ChartShape::Line& line : shape.lines) {
        const std::string& name = answer.series[series].name;
        chart.lines.push_back({line.label.empty() ? name : format("{}: {}", name, line.label), series,
                               report_figure(line.figure), line.dash, line.shown || answer.series.size() == 1});
      }
    }
    if (range_of(answer, chart).most == 0) continue;
    for (const ReportPlace& place : answer.places) {
      if (shape.has_levels && place.memory) {
        chart.levels.push_back({format("memory of {}", place_text(*place.deployment)), *place.memory});
      }
    }
    chart.unit = report_figures()[chart.lines.front().figure].unit;
    chart.ticks = ticks_around(range_of(answer, chart), chart.unit, units);
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace ctxcost
