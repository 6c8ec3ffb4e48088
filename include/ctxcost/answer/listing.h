// Lists of the built-in entries: models, gpus, precisions, mechanisms, engines, metrics.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// A value in a list: unknown, an integer, a negative integer, or text.
using CatalogueValue = std::variant<std::monostate, Count, Negative, std::string>;

struct ListingColumn {
  enum class Type { text, count, integer };  ///< `integer` may be below zero
  std::string_view name;                     ///< name in documents: "memory_bytes"
  std::string_view heading;                  ///< heading in tables: "Memory"
  std::string_view meaning;
  Type type = Type::text;
  std::string_view unit = {};  ///< of a number: "bytes"
  bool nullable = false;       ///< the value may be unknown
  /// Where a table of all columns is too wide, those of higher ranks are left out first, and of one rank the last.
  unsigned rank = 0;
};

struct CatalogueListing;

/// One row of the list of kinds.
struct ListingKind {
  std::string_view name;  ///< "models"
  std::span<const ListingColumn> columns;
  void (*add_rows)(CatalogueListing& listing);
};

/// The answer of `list`.
struct CatalogueListing {
  const ListingKind* kind;
  std::vector<std::vector<CatalogueValue>> rows;  ///< one value per column
  std::vector<InputError> left_out;               ///< entries that cannot be read, each with all its faults
};

/// Returns the kinds (models, gpus, …) in display order.
std::span<const ListingKind> listing_kinds();

/// Throws InputError naming `source` if there is no such kind.
CatalogueListing list_catalogue(std::string_view kind, std::string_view source);

}  // namespace ctxcost
