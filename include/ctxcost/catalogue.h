// What is compiled in: the models of configs/models/*.json, found by name without reading any JSON, and the devices of
// configs/accelerators.json.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ctxcost {

/// One catalogue file.
struct CatalogueEntry {
  std::string_view id;    ///< "meta-llama/Llama-3.1-8B"
  std::string_view text;  ///< the file, minified
};

/// One way to name an entry, in lower case: the id, its last part, or an alias.
struct CatalogueName {
  std::string_view name;
  std::uint32_t entry;
};

/// All entries, sorted by id.
std::span<const CatalogueEntry> catalogue();
/// All names, sorted.
std::span<const CatalogueName> catalogue_names();
/// The entries of configs/accelerators.json, in its order.
std::span<const CatalogueEntry> accelerator_catalogue();
/// The entry of that name without regard to case, or null.
const CatalogueEntry* find_in_catalogue(std::string_view name);

}  // namespace ctxcost
