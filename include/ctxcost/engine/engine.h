// Engines: the bytes that a runtime reserves for cache and state, by its own published rules.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/mechanism/derivation.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// One setting of an engine, as in `vllm:block=32`.
struct EngineSetting {
  std::string_view name;
  std::string_view fallback;  ///< a number, or one of `choices`; "" = the engine decides
  std::string_view meaning;
  std::uint32_t minimum = 0;      ///< smallest value of a number
  std::string_view choices = {};  ///< allowed words, separated by '|'
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
  /// Returns a word as given, or its fallback.
  std::string_view word(std::string_view setting) const;
};

/// What an engine's defaults ask of the card that it runs on.
struct EngineDevice {
  Count memory_bytes;         ///< of one card, as the driver reports it, else nominal
  bool is_a100 = false;       ///< any card of that name
  bool is_blackwell = false;  ///< of Blackwell's data-centre family (B200, GB200, B300)
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
  /// Percentage of a device's memory that the engine takes by default.
  std::uint32_t utilization_percent = 100;
  Spread spread = Spread::tensors;
  WeightTypes weight_types = WeightTypes::formats;
  /// Memory that the engine takes on a device but that is not counted, with the range seen in its logs. Empty if there
  /// is none.
  std::string_view not_counted = {};
  /// The engine reserves exactly the live minimum of cache and state, so that the sum needs no call of `reserve`.
  bool live_need = false;
};

std::span<const Engine* const> engines();
/// Reads NAME[:key=value,…]. Throws InputError naming a near match.
EngineChoice parse_engine(std::string_view text);
/// Returns the engine that reserves the live minimum.
EngineChoice ideal_engine();

}  // namespace ctxcost
