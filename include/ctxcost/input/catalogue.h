// What is compiled in: the models of configs/models/*.json, found by name without reading any JSON, and the devices of
// configs/accelerators.json.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

/// What a name as people type it stands for.
struct CatalogueMatch {
  const CatalogueEntry* entry;
  std::string note;  ///< what was left out of the name or assumed; empty where only its writing differs
};

/// A model by a name that is none of the catalogue's as it stands: other separators ("Llama 3.1 8B", "llama3.1:8b"),
/// another owner ("unsloth/…"), or packaging, whose shape is that of its base ("-Instruct", "-AWQ", "-2507",
/// "-q4_K_M"). Sizes, versions and every other word have to be those of the entry. Empty where there is none.
std::optional<CatalogueMatch> match_model(std::string_view name);

/// Why no model has that name: what it may be, a near spelling, or where to look.
std::string hint_for_model(std::string_view name);

/// The devices that a name may mean.
struct AcceleratorMatch {
  std::vector<const CatalogueEntry*> entries;  ///< one where the name is clear; in the order of the catalogue
  std::string note;                            ///< which of several is taken where one is what people mean
};
/// Without regard to case, separators, vendor and what the name leaves out: one for "4090", several for "h100".
AcceleratorMatch match_accelerators(std::string_view name);

}  // namespace ctxcost
