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

/// Powers of 10, or of 2 for bytes in IEC units.
std::vector<ChartTick> powers_around(const Range& range, Metric unit, UnitSystem units) {
  const unsigned base = info(unit).unit == Unit::bytes && units == UnitSystem::iec ? 2 : 10;
  const double digits = std::log(static_cast<double>(base));
  const int first = static_cast<int>(std::floor(std::log(range.least) / digits)) - 1;
  const int last = static_cast<int>(std::ceil(std::log(range.most) / digits)) + 1;
  std::vector<ChartTick> ticks;
  for (int power = info(unit).unit == Unit::seconds ? first : std::max(first, 0); power <= last; ++power) {
    ticks.push_back({std::pow(static_cast<double>(base), power), power_text(unit, base, power, units)});
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

std::vector<ChartTick> ticks_between(const std::vector<ChartTick>& ticks, double least, double most,
                                     std::size_t count) {
  std::size_t first = 0;
  while (first + 1 < ticks.size() && ticks[first + 1].at <= least) ++first;
  std::size_t last = first;
  while (last + 1 < ticks.size() && ticks[last].at < most) ++last;
  const std::size_t step = std::max<std::size_t>(1, (last - first + count - 1) / count);
  std::vector<ChartTick> shown;
  for (std::size_t i = first; i <= last; i += step) shown.push_back(ticks[i]);
  if ((last - first) % step != 0) shown.push_back(ticks[std::min(last, ticks.size() - 1)]);
  return shown;
}

std::vector<ReportChart> charts_of(const ReportAnswer& answer, UnitSystem units) {
  std::vector<ReportChart> charts;
  for (const ChartShape& shape : chart_shapes()) {
    ReportChart chart;
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
    const Metric unit = report_figures()[chart.lines.front().figure].unit;
    chart.ticks = powers_around(range_of(answer, chart), unit, units);
    charts.push_back(std::move(chart));
  }
  return charts;
}

}  // namespace ctxcost
