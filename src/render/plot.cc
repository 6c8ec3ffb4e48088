#include "plot.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "core/printable.h"

namespace ctxcost {
namespace {

/// The rows of a chart, one more or less.
constexpr int kPlotRows = 16;

// None of them looks like a piece of an axis or of a line.
constexpr std::string_view kUnicodeMarks[] = {"●", "■", "▲", "◆", "○", "□", "△", "◇", "★", "☆"};
constexpr std::string_view kAsciiMarks[] = {"*", "o", "x", "@", "%", "=", "$", "~", "^", "#"};
constexpr std::string_view kLetterMarks = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kSharedMark[] = {"&", "✱"};

/// The pieces of the axes, in ASCII and beyond.
struct Pieces {
  std::string_view side, tick, corner, floor, floor_tick;
};
constexpr Pieces kPieces[] = {{"|", "+", "+", "-", "+"}, {"│", "┤", "└", "─", "┬"}};

std::string_view mark_of(std::size_t series, bool unicode) {
  const std::span<const std::string_view> marks = unicode ? std::span(kUnicodeMarks) : std::span(kAsciiMarks);
  return series < marks.size() ? marks[series] : kLetterMarks.substr(series - marks.size(), 1);
}

/// The largest k with base^k <= value.
int power_below(double value, double base) {
  int power = 0;
  double at = 1;
  for (; at * base <= value; at *= base) ++power;
  for (; at > value; at /= base) --power;
  return power;
}

int rounded(double value) { return static_cast<int>(std::floor(value + 0.5)); }

/// A vertical axis: labels `every` so many powers, `per_label` rows apart.
struct VerticalAxis {
  double base;
  int lowest;
  int every;
  int per_label;
  int labels;  // beside the lowest

  int rows() const { return labels * per_label + 1; }
  /// From below.
  int row_of(double value) const {
    const double powers = std::log(value) / std::log(base) - lowest;
    return std::clamp(rounded(per_label * powers / every), 0, rows() - 1);
  }
};

VerticalAxis vertical_axis(double least, double most, double base) {
  const int lowest = power_below(least, base);
  int highest = power_below(most, base);
  if (std::pow(base, highest) < most || highest == lowest) ++highest;
  const int powers = highest - lowest;
  const int every = (powers + kPlotRows - 1) / kPlotRows;
  const int labels = (powers + every - 1) / every;
  return {base, lowest, every, std::max(1, kPlotRows / labels), labels};
}

/// A horizontal axis over so many columns.
struct HorizontalAxis {
  double first;
  double last;
  int columns;

  int column_of(double value) const {
    if (first == last) return (columns - 1) / 2;
    const double share = std::log(value / first) / std::log(last / first);
    return std::clamp(rounded(share * (columns - 1)), 0, columns - 1);
  }
};

/// The cells between the axes: marks, and dots of lines. In Unicode a cell has two by four dots, in ASCII one.
class Canvas {
 public:
  Canvas(int columns, int rows, bool unicode)
      : columns_(columns),
        rows_(rows),
        unicode_(unicode),
        cells_(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows)) {}

  /// Rows count from below.
  void mark(int column, int row, std::size_t series) {
    Cell& cell = cell_of(column, rows_ - 1 - row);
    cell.is_shared = cell.is_shared || (cell.has_mark && cell.series != series);
    shared_ = shared_ || cell.is_shared;
    cell.has_mark = true;
    cell.series = series;
  }

  void line(int from_column, int from_row, int to_column, int to_row) {
    const int across = unicode_ ? 2 : 1;
    const int down = unicode_ ? 4 : 1;
    // The second row of dots is nearest to the middle of a mark.
    const auto dot_row = [&](int row) { return (rows_ - 1 - row) * down + (unicode_ ? 1 : 0); };
    const int x = from_column * across, y = dot_row(from_row);
    const int dx = to_column * across - x, dy = dot_row(to_row) - y;
    const int steps = std::max(std::abs(dx), std::abs(dy));
    for (int i = 1; i < steps; ++i) dot(x + step_of(dx, i, steps), y + step_of(dy, i, steps));
  }

  bool has_shared() const { return shared_; }

  /// The row from above, without spaces at its end.
  std::string row(int from_above) const {
    std::string text;
    std::size_t end = 0;
    for (int column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[index_of(column, from_above)];
      if (cell.has_mark) {
        text += cell.is_shared ? kSharedMark[unicode_] : mark_of(cell.series, unicode_);
      } else if (cell.dots == 0) {
        text += ' ';
        continue;
      } else if (unicode_) {
        // U+2800 and the dots of a cell as bits. [Unicode 15.1, Braille Patterns]
        const unsigned code = 0x2800U + cell.dots;
        text += static_cast<char>(0xe0U | code >> 12U);
        text += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
        text += static_cast<char>(0x80U | (code & 0x3fU));
      } else {
        text += '.';
      }
      end = text.size();
    }
    text.resize(end);
    return text;
  }

 private:
  struct Cell {
    unsigned dots = 0;
    bool has_mark = false;
    bool is_shared = false;
    std::size_t series = 0;
  };

  std::size_t index_of(int column, int from_above) const {
    return static_cast<std::size_t>(from_above) * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column);
  }
  Cell& cell_of(int column, int from_above) { return cells_[index_of(column, from_above)]; }

  /// distance * i / steps, rounded half up.
  static int step_of(int distance, int i, int steps) {
    const int twice = 2 * distance * i + steps;
    return twice >= 0 ? twice / (2 * steps) : -((-twice + 2 * steps - 1) / (2 * steps));
  }

  void dot(int x, int y) {
    if (!unicode_) {
      cell_of(x, y).dots = 1;
      return;
    }
    static constexpr unsigned kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    cell_of(x / 2, y / 4).dots |= kDots[y % 4][x % 2];
  }

  int columns_;
  int rows_;
  bool unicode_;
  bool shared_ = false;
  std::vector<Cell> cells_;
};

/// Returns the labels below the horizontal axis, and sets the columns in which they have a tick. The first and the last
/// have their place before the others.
std::string label_line(const std::vector<PlotTick>& ticks, const HorizontalAxis& axis, std::size_t room,
                       std::vector<bool>& ticked) {
  std::string line(room, ' ');
  const auto place = [&](const PlotTick& tick) {
    const std::size_t width = printable_width(tick.label);
    const auto column = static_cast<std::size_t>(axis.column_of(tick.at));
    if (width > room || ticked[column]) return;
    const std::size_t begin = std::min(column - std::min(column, width / 2), room - width);
    const std::size_t from = begin - std::min<std::size_t>(begin, 1);
    const std::size_t to = std::min(begin + width + 1, room);
    if (line.find_first_not_of(' ', from) < to) return;
    line.replace(begin, width, tick.label);
    ticked[column] = true;
  };
  if (ticks.empty()) return {};
  place(ticks.front());
  place(ticks.back());
  for (const PlotTick& tick : ticks) place(tick);
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

std::size_t most_series(bool unicode) {
  return (unicode ? std::size(kUnicodeMarks) : std::size(kAsciiMarks)) + kLetterMarks.size();
}

Drawing draw(const Plot& plot, std::size_t width, bool unicode) {
  double left = 0, right = 0, least = 0, most = 0;
  bool any = false;
  for (const std::vector<PlotPoint>& points : plot.series) {
    for (const PlotPoint& point : points) {
      left = any ? std::min(left, point.x) : point.x;
      right = any ? std::max(right, point.x) : point.x;
      least = any ? std::min(least, point.y) : point.y;
      most = any ? std::max(most, point.y) : point.y;
      any = true;
    }
  }
  const VerticalAxis vertical = vertical_axis(least, most, plot.base);
  std::vector<std::string> labels;
  std::size_t label_width = 0;
  for (int i = 0; i <= vertical.labels; ++i) {
    labels.push_back(plot.label(vertical.lowest + i * vertical.every));
    label_width = std::max(label_width, printable_width(labels.back()));
  }
  const std::size_t beside = label_width + 2;
  const std::size_t room = std::max<std::size_t>(width > beside ? width - beside : 0, 2);
  const HorizontalAxis horizontal{left, right, static_cast<int>(room)};

  Canvas canvas(horizontal.columns, vertical.rows(), unicode);
  Drawing drawing;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    drawing.marks.push_back(mark_of(i, unicode));
    const PlotPoint* before = nullptr;
    for (const PlotPoint& point : plot.series[i]) {
      const int column = horizontal.column_of(point.x);
      const int row = vertical.row_of(point.y);
      if (before != nullptr) {
        canvas.line(horizontal.column_of(before->x), vertical.row_of(before->y), column, row);
      }
      canvas.mark(column, row, i);
      before = &point;
    }
  }
  if (canvas.has_shared()) drawing.shared = kSharedMark[unicode];

  const Pieces& pieces = kPieces[unicode];
  for (int row = vertical.rows() - 1; row >= 0; --row) {
    const bool is_tick = row % vertical.per_label == 0;
    const std::string& label = is_tick ? labels[static_cast<std::size_t>(row / vertical.per_label)] : std::string();
    std::string line(label_width - printable_width(label), ' ');
    line.append(label).append(1, ' ').append(is_tick ? pieces.tick : pieces.side);
    line += canvas.row(vertical.rows() - 1 - row);
    drawing.lines.push_back(std::move(line));
  }
  std::vector<bool> ticked(room, false);
  std::string names = label_line(plot.ticks, horizontal, room, ticked);
  std::string floor(label_width + 1, ' ');
  floor += pieces.corner;
  for (std::size_t i = 0; i < room; ++i) floor += ticked[i] ? pieces.floor_tick : pieces.floor;
  drawing.lines.push_back(std::move(floor));
  if (!names.empty()) drawing.lines.push_back(std::string(beside, ' ').append(names));
  return drawing;
}

std::vector<std::size_t> bar_cells(std::span<const Count> parts, Count whole, std::size_t cells) {
  std::vector<std::size_t> widths;
  widths.reserve(parts.size());
  const auto shown = [&](std::size_t from) {
    return static_cast<std::size_t>(std::count_if(parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end(),
                                                  [](Count part) { return part > 0; }));
  };
  Count sum;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    sum += parts[i];
    auto end = static_cast<std::size_t>(((2 * sum * Count{cells} + whole) / (2 * whole)).u64());
    if (parts[i] > 0) end = std::max(end, at + 1);
    end = std::min(std::max(end, at), cells - std::min(cells, shown(i + 1)));
    end = std::max(end, at);
    widths.push_back(end - at);
    at = end;
  }
  return widths;
}

}  // namespace ctxcost
