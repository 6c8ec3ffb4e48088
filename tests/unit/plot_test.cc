// Charts and bars in text. Each drawing was made by hand from the rule of its case.
#include "render/plot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace ctxcost;

namespace {

using Lines = std::vector<std::string>;

Plot plot_of(std::vector<std::vector<PlotPoint>> series, std::vector<PlotTick> ticks = {}) {
  return {.series = std::move(series), .ticks = std::move(ticks), .base = 10, .label = [](int power) {
            return power < 0 ? "1/" + std::to_string(std::lround(std::pow(10, -power)))
                             : std::to_string(std::lround(std::pow(10, power)));
          }};
}

std::vector<std::size_t> cells(const std::vector<Count>& parts, Count whole, std::size_t count) {
  return bar_cells(parts, whole, count);
}
using Cells = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a line of slope one: 8 rows for each power of ten, 4 columns for each tenfold") {
  const Plot plot = plot_of({{{1, 1}, {10, 10}, {100, 100}}}, {{1, "1"}, {10, "10"}, {100, "100"}});
  // 3 columns of labels, a space, the axis, and 9 columns. Between two marks a row up is half a column.
  const Drawing ascii = draw(plot, 14, false);
  CHECK(ascii.lines == Lines{
                           "100 +        *", "    |        .", "    |       .",  "    |       .",  "    |      .",
                           "    |      .",   "    |     .",    "    |     .",    " 10 +    *",     "    |    .",
                           "    |   .",      "    |   .",      "    |  .",       "    |  .",       "    | .",
                           "    | .",        "  1 +*",         "    ++---+---+", "     1  10 100",
                       });
  CHECK(ascii.marks == std::vector<std::string_view>{"*"});
  CHECK(ascii.shared == "");
}

TEST_CASE("a constant is a line of dots on the lowest row of one power; labels without room have no tick") {
  const Plot plot = plot_of({{{1, 10}, {100, 10}}}, {{1, "first"}, {10, "second"}, {100, "third"}});
  const Drawing drawing = draw(plot, 5 + 11, true);
  REQUIRE(drawing.lines.size() == 17 + 2);
  CHECK(drawing.lines[0] == "100 ┤");
  CHECK(drawing.lines[1] == "    │");
  CHECK(drawing.lines[16] == " 10 ┤●⠒⠒⠒⠒⠒⠒⠒⠒⠒●");
  CHECK(drawing.lines[17] == "    └┬─────────┬");
  CHECK(drawing.lines[18] == "     first third");
}

TEST_CASE("dots between two marks, two columns and a row apart, are one up for one to the right") {
  // 16 rows for a power: the second value is one row up. The dots are (1, 1) to (3, 3) of a grid of 2 x 4 in a cell.
  const Drawing drawing = draw(plot_of({{{1, 1}, {100, std::pow(10, 1.0 / 16)}}}), 4 + 3, true);
  CHECK(drawing.lines[15] == "   │ ⡠●");
  CHECK(drawing.lines[16] == " 1 ┤●");
}

TEST_CASE("series have marks of their own, and one more where several have a point") {
  const Plot plot = plot_of({{{1, 1}, {100, 1}}, {{1, 1}, {100, 10}}});
  const Drawing ascii = draw(plot, 4 + 4, false);
  CHECK(ascii.marks == std::vector<std::string_view>{"*", "o"});
  CHECK(ascii.shared == "&");
  CHECK(ascii.lines[0] == "10 +   o");
  CHECK(ascii.lines[16] == " 1 +&..*");
  const Drawing unicode = draw(plot, 4 + 4, true);
  CHECK(unicode.marks == std::vector<std::string_view>{"●", "■"});
  CHECK(unicode.shared == "✱");
  CHECK(unicode.lines[0] == "10 ┤   ■");
  for (const bool is_unicode : {false, true}) {
    std::vector<std::vector<PlotPoint>> many(most_series(is_unicode), {{1, 1}});
    std::vector<std::string_view> marks = draw(plot_of(many), 40, is_unicode).marks;
    std::sort(marks.begin(), marks.end());
    CHECK(std::adjacent_find(marks.begin(), marks.end()) == marks.end());
  }
}

TEST_CASE("the axis has whole powers, below 1 too, and more than one a label where there are many") {
  const Drawing small = draw(plot_of({{{1, 0.05}, {2, 0.5}}}), 20, false);
  CHECK(small.lines[0] == "    1 +");
  CHECK(small.lines[8].starts_with(" 1/10 +"));
  CHECK(small.lines[16] == "1/100 +");
  // 10^0 to 10^18 in steps of 2: nine labels, a row each.
  const Drawing large = draw(plot_of({{{1, 1}, {2, 1e18}}}), 40, false);
  CHECK(large.lines.size() == 10 + 1);
  CHECK(large.lines[0].starts_with("1000000000000000000 +"));
  CHECK(large.lines[9].starts_with("                  1 +*"));
  // A power itself needs no room above it.
  CHECK(draw(plot_of({{{1, 1}, {2, 100}}}), 40, false).lines[0].starts_with("100 +"));
}

TEST_CASE("one point stands in the middle; however narrow, a chart has two columns") {
  CHECK(draw(plot_of({{{5, 1}}}), 4 + 5, false).lines[16] == " 1 +  *");
  CHECK(draw(plot_of({{{1, 1}, {2, 1}}}), 1, false).lines[16] == " 1 +**");
}

TEST_CASE("the cells of a bar: ends are rounded, and no part is invisible") {
  CHECK(cells({1, 1, 2}, 4, 8) == Cells{2, 2, 4});
  CHECK(cells({1, 1}, 4, 8) == Cells{2, 2});  // half of it is free
  CHECK(cells({1, 0, 999}, 1000, 10) == Cells{1, 0, 9});
  CHECK(cells({999, 1}, 1000, 10) == Cells{9, 1});
  CHECK(cells({1, 1, 1}, 1'000'000, 10) == Cells{1, 1, 1});
  CHECK(cells({15, 5}, 100, 10) == Cells{2, 0 + 1});  // 1.5 is 2, and the sum, 2, leaves the second its one
  CHECK(cells({0, 0}, 1, 10) == Cells{0, 0});
  CHECK(cells({1, 1, 1}, 3, 2) == Cells{0, 1, 1});  // too few cells
}
