// Charts of a report: the chosen metrics against the context, a chart for each unit.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "layout.h"
#include "plot.h"
#include "value_text.h"

namespace ctxcost {
namespace {

/// The width of a chart where the page has none.
constexpr std::size_t kPlotWidth = 80;

/// One metric of one series of rows.
struct MetricLine {
  std::string name;
  std::vector<PlotPoint> points;
  bool has_zero = false;
  bool has_unknown = false;
};

/// What a report's table shows without --columns, but for what follows from the context alone.
std::vector<Metric> usual_metrics(const Report& report) {
  std::vector<Metric> metrics = {Metric::attention_flops, Metric::kv_cache_bytes, Metric::state_bytes};
  const auto& engines = report.grid().engines;
  const bool live = std::all_of(engines.begin(), engines.end(),
                                [](const EngineChoice& choice) { return choice.engine == ideal_engine().engine; });
  if (!live) metrics.push_back(Metric::kv_reserved_bytes);
  return metrics;
}

std::vector<Metric> plotted_metrics(const Report& report, const RenderOptions& options) {
  if (options.columns.empty()) return usual_metrics(report);
  std::vector<Metric> metrics;
  for (const Column& column : options.columns) {
    const Metric* const metric = std::get_if<Metric>(&column);
    // Labels name the series.
    if (metric == nullptr || std::find(metrics.begin(), metrics.end(), *metric) != metrics.end()) continue;
    if (info(*metric).unit == Unit::level) {
      throw InputError(setting_fault("plot", format("\"{}\" is a word, which no chart shows", name(column))));
    }
    metrics.push_back(*metric);
  }
  if (metrics.empty()) throw InputError(setting_fault("plot", "expected a metric to draw, found labels alone"));
  return metrics;
}

/// Draws the metrics of one unit.
class UnitChart {
 public:
  UnitChart(Unit unit, UnitSystem units) : unit_(unit), units_(units) {}

  Unit unit() const { return unit_; }
  void add(Metric metric) {
    metrics_.push_back(metric);
    lines_.emplace_back();
  }

  /// Takes a row; `series` is its number, and `name` says what its rows have in common.
  void take(const GridPoint& row, std::size_t series, const std::string& name) {
    const Count context = row.context();
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
      if (lines_[i].size() == series) {
        const std::string heading(info(metrics_[i]).heading);
        lines_[i].push_back({name.empty() ? heading : format("{}, {}", heading, name), {}, false, false});
      }
      MetricLine& line = lines_[i].back();
      const std::optional<double> value = number_of(row.values[metrics_[i]]);
      line.has_unknown = line.has_unknown || !value;
      if (!value) continue;
      if (*value > 0) {
        line.points.push_back({context.to_double(), *value});
      } else {
        line.has_zero = true;
      }
    }
  }

  /// `asked`: the user chose the metrics, and is told of those that are zero everywhere, too.
  void write(const std::vector<PlotTick>& ticks, bool asked, TextDocument& page) const {
    const std::size_t width = page.settings().width == 0 ? kPlotWidth : page.settings().width;
    const bool unicode = page.settings().unicode;
    Plot plot;
    std::vector<const MetricLine*> drawn;
    std::vector<const MetricLine*> zero;
    std::vector<const MetricLine*> unknown;
    std::size_t beyond = 0;
    for (const std::vector<MetricLine>& of_metric : lines_) {
      for (const MetricLine& line : of_metric) {
        if (line.has_zero && (asked || !line.points.empty())) zero.push_back(&line);
        if (line.has_unknown) unknown.push_back(&line);
        if (line.points.empty()) continue;
        if (drawn.size() == most_series(unicode)) {
          ++beyond;
          continue;
        }
        drawn.push_back(&line);
        plot.series.push_back(line.points);
        std::stable_sort(plot.series.back().begin(), plot.series.back().end(),
                         [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
      }
    }
    if (!drawn.empty()) {
      const bool binary = unit_ == Unit::tokens || (unit_ == Unit::bytes && units_ == UnitSystem::iec);
      const unsigned base = binary ? 16 : 10;
      plot.ticks = ticks;
      plot.base = base;
      plot.label = [&](int power) { return power_text(metrics_.front(), base, power, units_); };
      const Drawing drawing = draw(plot, width, unicode);
      page.drawing(drawing.lines);
      page.blank();
      for (std::size_t i = 0; i < drawn.size(); ++i) page.item(format("{} {}", drawing.marks[i], drawn[i]->name));
      if (!drawing.shared.empty()) page.item(format("{} several of them", drawing.shared));
    }
    if (beyond > 0) page.item(format("not drawn: {} more, as a chart has {} marks", beyond, most_series(unicode)));
    for (const MetricLine* const line : zero) page.item(format("not drawn: {} where it is 0", line->name));
    for (const MetricLine* const line : unknown) page.item(format("not drawn: {} where it is unknown", line->name));
  }

  bool has_points() const {
    return std::any_of(lines_.begin(), lines_.end(), [](const std::vector<MetricLine>& of_metric) {
      return std::any_of(of_metric.begin(), of_metric.end(),
                         [](const MetricLine& line) { return !line.points.empty(); });
    });
  }

 private:
  Unit unit_;
  UnitSystem units_;
  std::vector<Metric> metrics_;
  std::vector<std::vector<MetricLine>> lines_;  // of each metric, one for each series
};

}  // namespace

void write_plots(const Report& report, const RenderOptions& options, TextDocument& page) {
  const std::vector<Metric> metrics = plotted_metrics(report, options);
  std::vector<UnitChart> charts;
  for (const Metric metric : metrics) {
    const Unit unit = info(metric).unit;
    const auto same =
        std::find_if(charts.begin(), charts.end(), [unit](const UnitChart& chart) { return chart.unit() == unit; });
    UnitChart& chart = same == charts.end() ? charts.emplace_back(unit, options.units) : *same;
    chart.add(metric);
  }

  const TableLayout layout(report, options);
  std::map<Count, PlotTick> contexts;
  bool has_no_tokens = false;  // a row of context 0, for which a logarithmic axis has no place
  std::size_t series = 0;
  std::string name;
  const Estimator* estimator = nullptr;
  Count batch;
  report.for_each_row([&](const GridPoint& row) {
    if (&row.estimator != estimator || row.batch() != batch) {
      if (estimator != nullptr) ++series;
      estimator = &row.estimator;
      batch = row.batch();
      name = layout.series(row);
    }
    const Count context = row.context();
    if (context == 0) {
      has_no_tokens = true;
      return;
    }
    contexts.try_emplace(context, PlotTick{context.to_double(), length_label(context)});
    for (UnitChart& chart : charts) chart.take(row, series, name);
  });
  std::vector<PlotTick> ticks;
  ticks.reserve(contexts.size());
  for (auto& [context, tick] : contexts) ticks.push_back(std::move(tick));

  bool blank = false;  // before the next chart
  if (!options.quiet) {
    page.line(layout.caption());
    page.line(format("across: tokens; both axes are logarithmic{}", has_no_tokens ? ", and have no place for 0" : ""));
    blank = true;
  }
  const bool asked = !options.columns.empty();
  for (const UnitChart& chart : charts) {
    if (!asked && !chart.has_points()) continue;
    if (blank) page.blank();
    blank = true;
    chart.write(ticks, asked, page);
  }
  if (options.quiet) return;
  const std::vector<std::string> notes = layout.notes();
  if (!notes.empty()) page.blank();
  for (const std::string& note : notes) page.item("note: " + note);
}

}  // namespace ctxcost
