// Charts in text: lines on two logarithmic axes, and bars of the parts of a whole.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// A point of a chart. Both are above 0.
struct PlotPoint {
  double x;
  double y;
};

/// A label below the horizontal axis.
struct PlotTick {
  double at;
  std::string label;
};

/// Several lines in one chart.
struct Plot {
  std::vector<std::vector<PlotPoint>> series;   ///< each by ascending x
  std::vector<PlotTick> ticks;                  ///< ascending; those without room are left out
  double base = 10;                             ///< the vertical axis has labels at powers of it
  std::function<std::string(int power)> label;  ///< of the vertical axis
};

/// A chart as lines of text, and the marks that stand for the series in it.
struct Drawing {
  std::vector<std::string> lines;
  std::vector<std::string_view> marks;  ///< one for each series
  std::string_view shared;              ///< where several series have a point; empty if they nowhere do
};

/// As many series have marks of their own.
std::size_t most_series(bool unicode);

/// Draws a chart of at most `width` columns, in ASCII unless `unicode`. There must be a point, and at most
/// `most_series` series. Points have marks; between those of a series is a line of dots.
Drawing draw(const Plot& plot, std::size_t width, bool unicode);

/// Divides the cells of a bar among the parts of a whole: ends are rounded half up, and a part that is not 0 has at
/// least one cell, if there are enough. The parts' sum is at most the whole, which is above 0.
std::vector<std::size_t> bar_cells(std::span<const Count> parts, Count whole, std::size_t cells);

}  // namespace ctxcost
