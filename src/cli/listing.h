// Tables of catalogue entries: names and words, the same content in every format.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost::cli {

/// Nothing, an exact integer, words, or an integer below zero.
using ListingCell = std::variant<std::monostate, Count, std::string, Negative>;

inline ListingCell cell(std::optional<Count> count) { return count ? ListingCell(*count) : ListingCell(); }

struct ListingColumn {
  std::string_view key;      ///< in JSON and CSV
  std::string_view heading;  ///< in tables
};

struct Listing {
  std::string_view kind;  ///< "models"
  std::vector<ListingColumn> columns;
  std::vector<std::vector<ListingCell>> rows;  ///< as many cells as columns
};

/// Writes a listing as table, markdown, csv, json or ndjson.
void render_listing(const Listing& listing, std::string_view format, Writer& out);

}  // namespace ctxcost::cli
