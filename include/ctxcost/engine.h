// Engines: what a runtime reserves for cache and state, by its own published rules.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/count.h"
#include "ctxcost/model.h"
#include "ctxcost/precision.h"

namespace ctxcost {

/// One setting of an engine, as in `vllm:block=32`.
struct EngineSetting {
  std::string_view name;
  std::string_view fallback;      ///< a number, or one of `choices`; "" = the engine decides
  std::string_view meaning;
  std::uint32_t minimum = 0;      ///< of a number
  std::string_view choices = {};  ///< of a word, separated by '|'
};

struct Engine;

/// An engine with its settings: a plain value.
struct EngineChoice {
  const Engine* engine = nullptr;
  std::vector<std::pair<std::string_view, std::string>> settings;  ///< as given, names from the engine's table
  std::string name;                                                ///< as given: "vllm:block=32"

  bool given(std::string_view setting) const;
  /// A number as given, or its fallback.
  Count number(std::string_view setting) const;
  /// A word as given, or its fallback.
  std::string_view word(std::string_view setting) const;
};

/// What is asked of an engine: b sequences of n tokens each.
struct ReserveRequest {
  const Model& model;
  Count context;
  Count batch;
  const KvPrecision& kv;
  const EngineChoice& choice;
};

/// One named part of a reserve: "keys", "latents", "index keys", "recurrent state".
struct ReservedPart {
  std::string name;
  Count bytes;
};

struct Reserve {
  Count bytes;                      ///< the sum of the parts: cache, index cache and state for all sequences
  std::vector<ReservedPart> parts;
  std::vector<std::string> notes;   ///< what the engine does that a user may not expect ("windows are ignored")
};

/// One row of the list of engines.
struct Engine {
  std::string_view name;
  std::string_view summary;
  std::string_view source;  ///< the repository and version whose rules these are
  std::span<const EngineSetting> settings;
  /// Throws InputError where the engine itself refuses (a V type that MLA does not take, …).
  Reserve (*reserve)(const ReserveRequest& request);
};

std::span<const Engine* const> engines();
/// NAME[:key=value,…]; throws InputError with a near match.
EngineChoice parse_engine(std::string_view text);
/// The engine that reserves the live minimum.
EngineChoice ideal_engine();

}  // namespace ctxcost
