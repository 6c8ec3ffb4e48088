// Engines: the bytes that a runtime reserves for cache and state, by its own published rules.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/mechanism/derivation.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// What a setting takes.
enum class SettingForm {
  number_or_choice,    ///< a number, or one of its choices where it has any
  number_and_choices,  ///< either of both
  numbers,             ///< joined by '+'
  share,               ///< a number above 0 and at most 1
  ratio,               ///< a number above 0
  draft_model,         ///< a model that drafts tokens: its file or catalogue name
  projector            ///< what encodes images: its file, or the name of a model that is all of it
};

/// One setting of an engine, as in `vllm:block=32`.
struct EngineSetting {
  std::string_view name;
  std::string_view fallback;  ///< a value, or one of `choices`; "" = the engine decides
  std::string_view meaning;
  std::uint32_t minimum = 0;      ///< smallest value of a number
  std::string_view choices = {};  ///< allowed words, separated by '|'
  SettingForm form = SettingForm::number_or_choice;
  bool of_model = false;  ///< it holds for the model, not for one that drafts its tokens
};

/// The default of one setting under an engine that goes by another's rules: `unified` is 1 under lm-studio.
struct EnginePreset {
  std::string_view setting;
  std::string_view value;
};

struct Engine;

/// An engine with its settings: a plain value.
struct EngineChoice {
  const Engine* engine = nullptr;
  std::vector<std::pair<std::string_view, std::string>> settings;  ///< as given, with names from the engine's table
  std::string name;                                                ///< as given: "vllm:block=32"

  bool given(std::string_view setting) const;
  /// Returns a number as given, or its fallback.
  Count number(std::string_view setting) const;
  /// Returns a share or a ratio as given, or its fallback.
  Fraction fraction(std::string_view setting) const;
  /// Returns a word as given, or its fallback under this engine.
  std::string_view word(std::string_view setting) const;
};

/// What an engine's defaults ask of the card that it runs on.
struct EngineDevice {
  Count memory_bytes;         ///< of one card, as the driver reports it, else nominal
  bool is_a100 = false;       ///< any card of that name
  bool is_blackwell = false;  ///< of Blackwell's data-centre family (B200, GB200, B300)
};

/// Sequences of one length.
struct SequenceGroup {
  Count tokens;
  Count sequences;
};

/// Sequences that are in flight at the same time, of several lengths or with a prefix in common.
struct SequenceMix {
  std::vector<SequenceGroup> groups;  ///< the longest first, none of 0 sequences
  Count prefix;                       ///< tokens that all of them start with; at most as many as any of them has

  /// Returns the number of sequences.
  Count sequences() const;
  /// Returns the tokens of all sequences, each with its prefix.
  Count tokens() const;
};

/// The request to an engine: b sequences of n tokens each.
struct ReserveRequest {
  const Model& model;
  Count context;
  Count batch;
  const KvPrecision& kv;
  const EngineChoice& choice;
  /// Number of devices that share the tokens of layers which cache every token. Each device keeps windows, chunks and
  /// states whole.
  Count context_ranks = 1;
  /// The card. Null where none is named: the engine then takes the defaults of its small cards.
  const EngineDevice* device = nullptr;
  /// The answer says how each of its numbers comes about: `rules`.
  bool explained = false;
  /// The sequences, where they are not alike: `context` is then at least the longest, and `batch` their number. A
  /// request that is explained has none.
  const SequenceMix* mix = nullptr;
};

/// One named part of a reserve: "keys", "latents", "index keys", "recurrent state".
struct ReservedPart {
  std::string_view name;  ///< a string literal
  Count bytes;
};

/// A share of a part, by the engine's own rule.
struct ReserveRule {
  std::string_view part;  ///< the name of a ReservedPart
  std::string detail;     ///< the layers that it is of: "24 layers"; empty where the values say so
  Derivation derivation;
};

struct Reserve {
  Count bytes;  ///< the sum of the parts: cache, index cache and state for all sequences
  std::vector<ReservedPart> parts;
  std::vector<std::string> notes;  ///< what the engine does that a user may not expect ("windows are ignored")
  std::vector<ReserveRule> rules;  ///< where the request asks for them; their sum is that of the parts
};

/// The capacity of the memory that is left for the cache, in the engine's own units.
struct CacheCapacity {
  std::optional<Count> tokens;  ///< as the engine's log prints them; empty = floor(n * units / units_per_sequence)
  Count units;                  ///< the number of blocks
  Count units_per_sequence;     ///< blocks that one sequence of n tokens needs; 0 = none
  /// Blocks of all sequences of the request's mix, only of engines with `cache_room`.
  std::optional<Count> units_of_mix = std::nullopt;
};

/// The layers that a device or the host holds, and what it holds before and after them.
struct PlacedLayers {
  Count first = {};              ///< layers of either stack, from 0
  Count end = {};                ///< the layer after the last one
  Count next_token_layers = {};  ///< how many of those that predict further tokens and follow the last layer
  bool has_input = false;        ///< the input embedding and the tables of positions and tokens
  bool has_output = false;       ///< the final norm and the head
};

/// Where an engine's settings keep a model.
struct LayerPlacement {
  PlacedLayers host;                  ///< in host memory
  std::vector<PlacedLayers> devices;  ///< one for each device, in order; some may hold nothing
  Count host_expert_layers;           ///< the routed experts of layers below this one are in host memory
  bool host_cache = false;            ///< cache and state of every layer are in host memory
};

/// What a device holds beside its cache, in bytes.
struct BesideCache {
  Count memory;  ///< of the device, as far as it may be used
  Count weights;
  Count activations;
  Count overhead;
};

/// How an engine splits a model over devices by default: the heads and widths of every layer, or the layers.
enum class Spread { tensors, layers };

/// How an engine names weight types: by formats (fp8, int4) or by GGUF file types (Q4_K_M).
enum class WeightTypes { formats, gguf };

/// One row of the list of engines.
struct Engine {
  std::string_view name;
  std::string_view summary;
  std::string_view source;   ///< the repository and files whose rules these are
  std::string_view release;  ///< the release or commit that they were read from, with its date; empty for our own
  std::span<const EngineSetting> settings;
  /// Throws InputError if the engine itself refuses (a V type that MLA does not support, …).
  Reserve (*reserve)(const ReserveRequest& request);
  /// Computes what fits into `available` bytes for sequences of the request's n tokens; the request's batch is ignored.
  /// Null if the engine has no rule of its own: the ratio of bytes is then used.
  CacheCapacity (*capacity)(const ReserveRequest& request, Count available) = nullptr;
  /// Returns the bytes that the engine gives to the cache by its own settings. Null: whatever the rest leaves free. An
  /// engine that has this also has `capacity`, and as many sequences fit as that one says: its pool is made before any
  /// request, and may be a little larger than those bytes.
  Count (*cache_room)(const EngineChoice& choice, const BesideCache& device) = nullptr;
  /// Percentage of a device's memory that the engine takes by default.
  std::uint32_t utilization_percent = 100;
  Spread spread = Spread::tensors;
  WeightTypes weight_types = WeightTypes::formats;
  /// Memory that the engine takes on a device but that is not counted, with the range seen in its logs. Empty if there
  /// is none.
  std::string_view not_counted = {};
  /// A format of weights whose matrices its kernels pad, which is not counted, and what its logs show. Empty if there
  /// is none.
  std::string_view padded_format = {};
  std::string_view padded_note = {};
  /// Decides what devices with that much memory hold, and what stays in host memory. Throws InputError if a setting
  /// does not fit the number of devices. Null if the engine keeps everything on its devices.
  LayerPlacement (*place)(const Model& model, const EngineChoice& choice, std::span<const Count> memory) = nullptr;
  /// Returns a bound in bytes on the buffer in which a device computes. `request.model` is the device's part, with the
  /// head where it has it. Empty if the model's file does not give the widths. Null if the engine has no rule of its
  /// own: activation_bytes is then used.
  std::optional<Count> (*compute_buffer)(const ReserveRequest& request) = nullptr;
  /// The engine reserves exactly the live minimum of cache and state, so that the sum needs no call of `reserve`.
  bool live_need = false;
  /// Formats of a cache that this engine keeps on every card, though no other does, separated by spaces: "int4".
  std::string_view own_cache_formats = {};
  /// Returns how many tokens of the prefix of the request's mix the engine keeps once for all sequences. Null if each
  /// sequence has its own copy.
  Count (*shared_tokens)(const ReserveRequest& request) = nullptr;
  /// How the engine keeps a prefix that several requests have in common, with its source.
  std::string_view prefix_rule = {};
  /// Defaults that differ from those of `settings`, where the rules are those of another engine.
  std::span<const EnginePreset> presets = {};
  /// The ranks of the slots that it makes for LoRA adapters, ascending: an adapter takes the next one. Empty if it
  /// makes slots of any rank.
  std::span<const std::uint32_t> adapter_ranks = {};
  /// What it keeps of adapters besides, which is not counted. Empty if there is none.
  std::string_view adapters_not_counted = {};
  /// The type of the cache of a model that drafts tokens. Empty: as asked for the model's cache, else the draft's own.
  std::string_view draft_cache = {};

  /// Returns the default of one of the settings; empty where the engine decides.
  std::string_view fallback(const EngineSetting& setting) const;
};

std::span<const Engine* const> engines();
/// Reads NAME[:key=value,…]. Throws InputError naming a near match.
EngineChoice parse_engine(std::string_view text);
/// Reads NAME[:key=value,…] where a key may have several values: "vllm:block=16,32" and "vllm:block=16..64" (doubling,
/// as lengths are written). Returns every combination, the last setting fastest; at most 1,000.
std::vector<EngineChoice> parse_engines(std::string_view text);
/// Returns the engine that reserves the live minimum.
EngineChoice ideal_engine();

}  // namespace ctxcost
