// The built-in catalogue: the models of configs/models/*.json, found by name without parsing JSON, and the devices of
// configs/accelerators.json and the rows of configs/measured-context.json.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost {

/// One catalogue file.
struct CatalogueEntry {
  std::string_view id;    ///< "meta-llama/Llama-3.1-8B"
  std::string_view text;  ///< the file, minified, without what only describes or checks the model
};

/// Types of weights whose bytes are listed of each model, beside its own.
inline constexpr std::string_view kListedWeights[] = {"bf16", "fp8", "int4"};

/// What a list shows of a model and what a search of the catalogue asks of all: its entry's `listed`, which a test
/// counts anew from the config.
struct ListedModel {
  std::string_view family;                         ///< HuggingFace model_type or "own"
  std::optional<std::uint64_t> parameters;         ///< learned elements; unknown where some tensors are
  std::optional<std::uint64_t> active_parameters;  ///< those that a token uses
  std::uint64_t checkpoint_parts;                  ///< elements of its checkpoint beside them
  std::optional<std::uint64_t> published;          ///< elements of its checkpoint, as published
  std::optional<std::uint64_t> trained_context;
  std::optional<std::uint64_t> effective_context;
  /// Of its weights in its own type, then in each of `kListedWeights`; unknown where they cannot be stored in it.
  std::array<std::optional<std::uint64_t>, std::size(kListedWeights) + 1> weights_bytes;
};

/// What a list shows of a device: some figures of its entry.
struct ListedAccelerator {
  std::uint64_t memory_bytes;                        ///< nominal
  std::optional<std::uint64_t> memory_reported_mib;  ///< what its driver reports
  std::uint64_t bandwidth_bytes_per_s;
  std::string_view peak_type;                     ///< bf16, else what stands for it
  std::uint64_t peak_dense_flops;                 ///< FLOP/s of that type
  std::optional<std::uint64_t> link_bytes_per_s;  ///< in one direction, over the fastest known link
  std::optional<std::uint64_t> tdp_watts;
};

/// A name of an entry, in lower case: the id, its last part, or an alias.
struct CatalogueName {
  std::string_view name;
  std::uint32_t entry;
};

/// Returns all entries, sorted by id.
std::span<const CatalogueEntry> catalogue();
/// Returns what a list shows of each entry, in their order.
std::span<const ListedModel> listed_models();
/// Returns all names, sorted.
std::span<const CatalogueName> catalogue_names();
/// Returns the entries of configs/accelerators.json, in its order.
std::span<const CatalogueEntry> accelerator_catalogue();
/// Returns what a list shows of each of them, in their order.
std::span<const ListedAccelerator> listed_accelerators();
/// Returns the rows of configs/measured-context.json, in its order; their ids are the benchmarks' names.
std::span<const CatalogueEntry> measured_catalogue();
/// Returns the entry of that name, ignoring case, or null.
const CatalogueEntry* find_in_catalogue(std::string_view name);

/// Returns the keys of an entry's config whose values were not read in its source ("unverified").
std::vector<std::string> unverified_keys(const CatalogueEntry& entry);

/// How a name says that a checkpoint's weights are stored ("-AWQ", "-Q4_K_M"). Empty `words`: it says nothing.
struct NamedWeights {
  std::string words;                ///< for people: "AWQ: int4, group 128"
  std::string scheme;               ///< as --weights reads it: "Q4_K_M", "bf16"
  std::string quantization_config;  ///< JSON, as such a checkpoint's config.json has it
  /// Without either of those: packed, in how many bits the name does not say.
  bool unknown() const { return !words.empty() && scheme.empty() && quantization_config.empty(); }
};

/// The entry that a name as typed stands for.
struct CatalogueMatch {
  const CatalogueEntry* entry;
  NamedWeights weights = {};
  std::string note = {};  ///< what was ignored in the name or assumed; empty if only the spelling differs
};

/// Finds a model by a name that is not exactly one of the catalogue's: other separators ("Llama 3.1 8B",
/// "llama3.1:8b"), another owner ("unsloth/…"), or a variant with the shape of its base ("-Instruct", "-AWQ", "-2507",
/// "-q4_K_M"). Sizes, versions and every other word must be those of the entry. Empty if there is none.
std::optional<CatalogueMatch> match_model(std::string_view name);

/// Returns a name by which two spellings of one model can be compared: without owner, case, separators and packaging
/// ("-Instruct", "-AWQ"). Other releases and trainings keep their words ("-2507", "-Thinking"). Empty for a path.
std::string bare_model_name(std::string_view name);

/// Returns a hint with the models whose names go on where `name` ends: of "llama-3.1" "it may be llama-3.1-8b, …", of
/// one alone "did you mean …". Empty if there is none.
std::string hint_of_model_beginning(std::string_view name);

/// Returns a hint for a name that no model has: what it may be, a near spelling, or where to look.
std::string hint_for_model(std::string_view name);

/// The devices that a name may mean.
struct AcceleratorMatch {
  std::vector<const CatalogueEntry*> entries;  ///< one if the name is unambiguous; in the order of the catalogue
  std::string note;                            ///< which of several is taken, if one is the usual meaning
};
/// Finds devices by name. Case, separators, the vendor and omitted words do not matter: one device for "4090", several
/// for "h100".
AcceleratorMatch match_accelerators(std::string_view name);

/// Returns a hint for a name that no device has: a near id, else the devices whose names begin nearly so. Empty if
/// there are none.
std::string hint_for_accelerator(std::string_view name);

/// Returns a hint with the devices whose names begin nearly so ("h200x"). Empty if none do.
std::string hint_of_device_beginning(std::string_view name);

}  // namespace ctxcost
