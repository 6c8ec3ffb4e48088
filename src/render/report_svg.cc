#include "report_svg.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/format.h"
#include "ctxcost/core/lengths.h"
#include "markup.h"

namespace ctxcost {
namespace {

/// As --c0 to --c7 of the page's style, in light.
constexpr std::array<std::string_view, 8> kLineColors = {"#0b62a4", "#c2410c", "#15803d", "#7e22ce",
                                                         "#b91c1c", "#0e7490", "#a16207", "#be185d"};

std::string color_of(std::size_t series, const SvgFrame& frame) {
  const std::size_t color = series % kLineColors.size();
  return frame.in_page ? format("var(--c{})", color) : std::string(kLineColors[color]);
}

/// Earlier lines are wider, so that they show beneath later ones that are drawn over them.
double width_of(std::size_t series, std::size_t count) {
  return 2.5 + static_cast<double>(std::min<std::size_t>(count - 1 - series, 3));
}

std::string_view dash_of(Dash dash) {
  switch (dash) {
    case Dash::solid: break;
    case Dash::dashed: return R"( stroke-dasharray="9 5")";
    case Dash::dotted: return R"( stroke-dasharray="2 4")";
  }
  return {};
}

/// Coordinates on the paper.
class Paper {
 public:
  Paper(const SvgFrame& frame, double top, double left, double bottom) {
    left_ = left;
    top_ = top;
    right_ = frame.width - 24.0;
    bottom_ = frame.height - bottom;
  }
  void set_range(double least_x, double most_x, double least_y, double most_y) {
    x_ = {std::log(least_x), std::log(most_x)};
    y_ = {std::log(least_y), std::log(most_y)};
  }
  double x(double value) const { return left_ + share(x_, value) * (right_ - left_); }
  double y(double value) const { return bottom_ - share(y_, value) * (bottom_ - top_); }
  double left() const { return left_; }
  double right() const { return right_; }
  double top() const { return top_; }
  double bottom() const { return bottom_; }

 private:
  struct Logs {
    double least = 0;
    double most = 1;
  };
  static double share(const Logs& range, double value) {
    return range.most > range.least ? (std::log(value) - range.least) / (range.most - range.least) : 0.5;
  }
  double left_, right_, top_, bottom_;
  Logs x_, y_;
};

void text_at(Writer& out, double x, double y, std::string_view anchor, std::string_view text,
             std::string_view more = {}) {
  out.text(
      format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>)", x, y, anchor, more, markup_text(text)));
  out.character('\n');
}

void line_from(Writer& out, double x1, double y1, double x2, double y2, std::string_view more) {
  out.text(format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"{}/>)", x1, y1, x2, y2, more));
  out.character('\n');
}

/// The lines that are drawn, and what their numbers span.
struct Drawn {
  std::vector<const ChartLine*> lines;
  double least = 0;
  double most = 0;

  void take(double value) {
    least = least == 0 ? value : std::min(least, value);
    most = std::max(most, value);
  }
};

Drawn drawn_of(const ReportAnswer& answer, const ReportChart& chart, const ReportChoice& choice) {
  Drawn drawn;
  for (const ChartLine& line : chart.lines) {
    bool has_points = false;
    for (std::size_t i = 0; line.shown && i < answer.axes.contexts.size(); ++i) {
      const std::optional<double> number = number_of(answer, line, choice, i);
      if (!number) continue;
      has_points = true;
      drawn.take(*number);
    }
    if (has_points) drawn.lines.push_back(&line);
  }
  for (const ChartLevel& level : chart.levels) drawn.take(level.value.to_double());
  return drawn;
}

void draw_axes(const ReportAnswer& answer, const std::vector<ChartTick>& ticks, const Paper& paper,
               const SvgFrame& frame, Writer& out) {
  const std::string_view grid = frame.in_page ? " stroke='var(--line)'" : " stroke='#d6d9de'";
  for (const ChartTick& tick : ticks) {
    const double y = paper.y(tick.at);
    line_from(out, paper.left(), y, paper.right(), y, grid);
    text_at(out, paper.left() - 8, y + 5, "end", tick.label);
  }
  double last = -1000;  // where the last label ends
  for (const Count context : answer.axes.contexts) {
    if (context == 0) continue;
    const double x = paper.x(context.to_double());
    line_from(out, x, paper.bottom(), x, paper.bottom() + 5, grid);
    const std::string label = length_label(context);
    const double half = 4.5 * static_cast<double>(label.size());
    if (x - half < last + 6) continue;
    text_at(out, x, paper.bottom() + 22, "middle", label);
    last = x + half;
  }
}

void draw_line(const ReportAnswer& answer, const ChartLine& line, const ReportChoice& choice, const Paper& paper,
               const SvgFrame& frame, Writer& out) {
  std::string points;
  bool open = false;
  for (std::size_t i = 0; i < answer.axes.contexts.size(); ++i) {
    const std::optional<double> number = number_of(answer, line, choice, i);
    if (!number || answer.axes.contexts[i] == 0) {
      open = false;
      continue;
    }
    points.append(
        format("{}{:.1f} {:.1f}", open ? "L" : "M", paper.x(answer.axes.contexts[i].to_double()), paper.y(*number)));
    open = true;
  }
  out.text(format(R"(<path d="{}" fill="none" stroke="{}" stroke-width="{:.1f}" stroke-linejoin="round"{}/>)", points,
                  color_of(line.series, frame), width_of(line.series, answer.series.size()), dash_of(line.dash)));
  out.character('\n');
}

}  // namespace

void write_chart(const ReportAnswer& answer, const ReportChart& chart, const ReportChoice& choice,
                 const std::string& caption, const SvgFrame& frame, Writer& out) {
  constexpr double kRow = 24;
  const Drawn drawn = drawn_of(answer, chart, choice);
  const std::size_t rows = drawn.lines.size();
  const double legend = kRow * static_cast<double>(rows) + (frame.in_page ? 8 : 16);
  AxisTicks axis{};
  if (drawn.most > 0) axis = ticks_between(chart.ticks, drawn.least, drawn.most, 8);
  std::size_t label = 0;
  for (const ChartTick& tick : axis.labelled) label = std::max(label, tick.label.size());
  constexpr double kCharacter = 9;  // wider than most
  Paper paper(frame, frame.in_page ? 12 : 96, 24 + kCharacter * static_cast<double>(label), 44 + legend);

  const std::string_view ink = frame.in_page ? "currentColor" : "#1c2128";
  out.text(
      format(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" )", frame.width, frame.height));
  out.text(format(R"(font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="15" )"));
  out.text(format(R"(fill="{}">)", ink));
  out.character('\n');
  out.text("<title>" + markup_text(chart.title + " against the context, both axes logarithmic") + "</title>\n");
  if (!frame.in_page) {
    out.text(format(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", frame.width, frame.height));
    out.character('\n');
    text_at(out, 24, 44, "start", chart.title, R"( font-size="28" font-weight="600")");
    text_at(out, 24, 72, "start", caption, R"( font-size="15" fill="#57606a")");
  }
  if (drawn.most > 0) {
    paper.set_range(max(answer.axes.contexts.front(), 1).to_double(), max(answer.axes.contexts.back(), 1).to_double(),
                    axis.least, axis.most);
    draw_axes(answer, axis.labelled, paper, frame, out);
    for (const ChartLevel& level : chart.levels) {
      const double y = paper.y(level.value.to_double());
      const std::string_view color = frame.in_page ? "var(--bad)" : "#b42318";
      line_from(out, paper.left(), y, paper.right(), y,
                format(" stroke='{}' stroke-width='1.5' stroke-dasharray='4 3'", color));
      text_at(out, paper.left() + 8, y - 6, "start", level.name, format(" fill='{}'", color));
    }
    for (const ChartLine* const line : drawn.lines) draw_line(answer, *line, choice, paper, frame, out);
  }
  text_at(out, (paper.left() + paper.right()) / 2, paper.bottom() + 40, "middle", "context, tokens");
  double y = paper.bottom() + 44 + kRow;
  for (const ChartLine* const line : drawn.lines) {
    const std::string stroke =
        format(R"( stroke="{}" stroke-width="3"{})", color_of(line->series, frame), dash_of(line->dash));
    line_from(out, paper.left(), y - 5, paper.left() + 40, y - 5, stroke);
    text_at(out, paper.left() + 52, y, "start", line->name);
    y += kRow;
  }
  out.text("</svg>\n");
}

}  // namespace ctxcost
