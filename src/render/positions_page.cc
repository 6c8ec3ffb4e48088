// `explain --positions` as people read it: a strip of the context for each kind of layer and for all, and a table.
#include <algorithm>

#include "core/format.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/units.h"
#include "model/model_words.h"
#include "positions_document.h"

namespace ctxcost {
namespace {

/// None, then ninths of all queries.
constexpr std::string_view kStripLevels = " .:-=+*#%@";

/// Columns of a strip's line beside its label and its cells: "  ", " |", "|".
constexpr std::size_t kBesideStrip = 5;

/// More kinds of layers than these do not fit a screen; -v shows all.
constexpr std::size_t kMostGroups = 4;

/// A line of numbers over positions: one layer of a group or all layers, by keys of their own or at all.
struct AccessLine {
  std::string label;    ///< of a strip
  std::string heading;  ///< of a column
  std::size_t group;    ///< its index; that behind the last stands for all layers
  bool all;             ///< not only by keys

  Count of(const PositionAccess& position) const {
    const KeyAccess& access = group < position.direct.size() ? position.direct[group] : position.through;
    return all ? access.all : access.exact;
  }
};

/// Both lines of a group where they differ anywhere, else one.
void add_access_lines(std::vector<AccessLine>& lines, const PositionAnswer& answer, std::size_t group,
                      std::string_view label, const std::string& heading) {
  AccessLine by_key{std::string(label), heading, group, false};
  AccessLine at_all{"  at all", heading + " at all", group, true};
  const auto differs = [&](const PositionAccess& position) { return by_key.of(position) != at_all.of(position); };
  if (std::any_of(answer.positions.begin(), answer.positions.end(), differs) ||
      std::any_of(answer.strip.begin(), answer.strip.end(), differs)) {
    by_key.label += ", by key";
    by_key.heading += " by key";
    lines.push_back(by_key);
    lines.push_back(at_all);
  } else {
    lines.push_back(by_key);
  }
}

/// How many of the answer's cells a cell of the page stands for, so that a strip has at most `room` columns.
std::size_t strip_step(const PositionAnswer& answer, std::size_t room) {
  std::size_t step = 1;
  while (ceil_div(answer.strip.size(), step) > room) step *= 2;
  return step;
}

std::string strip_text(const PositionAnswer& answer, const AccessLine& line, std::size_t step) {
  std::string cells;
  for (std::size_t i = 0; i < answer.strip.size(); i += step) {
    const Count ninths = ceil_div(line.of(answer.strip[i]) * (kStripLevels.size() - 1), answer.context);
    cells += kStripLevels[static_cast<std::size_t>(ninths.u64())];
  }
  return cells;
}

/// "1,024 (0.8%)"
std::string queries_text(Count queries, Count context) {
  // Shares have one decimal, rounded half up.
  const bool little = queries > 0 && ceil_div(context, queries) > 2000;
  return format("{} ({})", with_separators(queries), little ? "<0.1%" : percent_text(Fraction{queries, context}));
}

/// "sliding_window window=1024, 52 layers: 0-4,6-10"
std::string layers_text(const AccessLayers& layers) {
  return format("{}{}{}, {} {}: {}", layers.mechanism, layers.settings.empty() ? "" : " ", layers.settings,
                layers.layers.size(), layers.layers.size() == 1 ? "layer" : "layers", index_ranges(layers.layers));
}

}  // namespace

void write_positions(const PositionAnswer& answer, const RenderOptions& options, TextDocument& page) {
  const std::string all_layers = answer.layers == 1 ? "1 layer" : format("all {} layers", to_string(answer.layers));
  std::vector<AccessLine> lines;
  const std::size_t shown = options.verbose ? answer.groups.size() : std::min(answer.groups.size(), kMostGroups);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::string& mechanism = answer.groups[i].mechanism;
    const auto alike = std::count_if(answer.groups.begin(), answer.groups.end(),
                                     [&](const AccessLayers& other) { return other.mechanism == mechanism; });
    add_access_lines(lines, answer, i, "one layer",
                     alike == 1 ? mechanism : format("{} {}", mechanism, answer.groups[i].settings));
  }
  if (answer.layers > 1) add_access_lines(lines, answer, answer.groups.size(), all_layers, "All Layers");

  if (!options.quiet) {
    page.line(format("{}: queries that can see each key, of {} {}", answer.model->name, with_separators(answer.context),
                     answer.context == 1 ? "token" : "tokens"),
              Accent::strong);
    page.blank();
  }
  std::size_t step = 1;
  // Markdown keeps no columns outside tables.
  if (page.style() == TextStyle::plain) {
    std::size_t width = 0;
    for (const AccessLine& line : lines) width = std::max(width, line.label.size());
    const std::size_t beside = width + kBesideStrip;
    const std::size_t columns = page.settings().width;
    if (columns > 0) step = strip_step(answer, columns > beside ? columns - beside : 1);
    std::size_t group = answer.groups.size();
    for (const AccessLine& line : lines) {
      if (line.group < answer.groups.size() && line.group != group) page.line(layers_text(answer.groups[line.group]));
      group = line.group;
      page.line(format("  {}{} |{}|", line.label, std::string(width - line.label.size(), ' '),
                       strip_text(answer, line, step)));
    }
    page.blank();
  }
  std::vector<TextDocument::Column> columns = {
      {.heading = "Key", .right_aligned = true, .about = {"position", {}, "of the key, from 0"}}};
  for (const AccessLine& line : lines) {
    const bool one = line.group < answer.groups.size();
    columns.push_back({.heading = line.heading,
                       .right_aligned = true,
                       .about = {line.all ? "queries" : "queries_by_key",
                                 {},
                                 one ? "queries that see the key through one of these layers, and their share"
                                     : "queries that the key reaches through all layers, and their share"}});
  }
  std::vector<std::vector<std::string>> rows;
  for (const PositionAccess& position : answer.positions) {
    if (!position.main && !options.verbose) continue;
    std::vector<std::string> cells = {with_separators(position.position)};
    for (const AccessLine& line : lines) {
      cells.push_back(queries_text(line.of(position), answer.context));
    }
    rows.push_back(std::move(cells));
  }
  page.table(std::move(columns), rows);
  if (options.quiet) return;
  page.blank();
  if (page.style() == TextStyle::plain) {
    const std::string cell = answer.strip.size() % step == 0 ? format("1/{}", answer.strip.size() / step)
                                                             : format("{}/{}", step, answer.strip.size());
    page.item(format("note: a cell is {} of the context, by its first key; the levels {} are ninths of all queries",
                     cell, kStripLevels.substr(1)));
  }
  if (std::any_of(answer.groups.begin(), answer.groups.end(),
                  [](const AccessLayers& group) { return group.softmax; })) {
    page.item(format(
        "note: zero sum: the weights of a query add to 1, so all keys of a head together get {}, and a key at most "
        "1 from each query that sees it",
        with_separators(answer.context)));
  }
  for (const std::string& note : answer.notes) page.item("note: " + note);
  if (shown < answer.groups.size()) {
    page.item(format("note: {} more kinds of layers (-v shows them)", answer.groups.size() - shown));
  }
  if (rows.size() < answer.positions.size()) {
    page.item(format("note: {} more positions at which the counts change (-v shows them)",
                     answer.positions.size() - rows.size()));
  }
}

}  // namespace ctxcost
