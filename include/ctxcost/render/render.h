// Output formats: a report as text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/units.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/report.h"

namespace ctxcost {

/// "1.0.0"
std::string_view version();

/// The fields that name a row, besides its metrics.
enum class Label { model, weights, kv_precision, engine, convention };

/// A column of a table, or a key of a document.
using Column = std::variant<Label, Metric>;

std::string_view name(const Column& column);

/// Reads a comma-separated list of column names. Throws InputError naming `source` and a near match.
std::vector<Column> parse_columns(std::string_view text, std::string_view source);

struct RenderOptions {
  UnitSystem units = UnitSystem::si;
  std::vector<Column> columns;  ///< empty: the format's default columns
  bool quiet = false;           ///< print no caption, growth lines or notes
  bool verbose = false;         ///< also print sources and layer groups
  /// The counting convention was chosen, and is not the command's default: no note says what it means for the figures.
  bool convention_asked = false;
  bool plot = false;  ///< a page of text draws charts in place of its table: of `scale` and `fit`
};

}  // namespace ctxcost
