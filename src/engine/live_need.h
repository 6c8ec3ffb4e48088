// The minimum bytes of cache and state, part by part. The estimate and every engine share it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/engine/engine.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Returns the KV precision that stores a part: V's type for values, K's for everything else (a latent has no V).
inline const Precision& precision_of(const KvPrecision& kv, CacheRole role) {
  return role == CacheRole::value ? kv.value : kv.key;
}

/// Returns the tokens that a part's span covers at context n: n itself, or the encoder's length for cross-attention.
inline Count cached_context(const Model& model, const CachePart& part, Count context) {
  return part.span.kind == Span::Kind::cross && context > 0 ? model.cross_tokens.value_or(context) : context;
}

/// Returns the rows that a device keeps of a part at context n. `context_ranks` devices share the parts that grow with
/// n without bound: full attention, latents, index and compressed keys. Each device keeps windows, chunks and the
/// encoder's tokens whole.
inline bool shares_context(const CachePart& part) {
  return part.span.kind == Span::Kind::all || part.span.kind == Span::Kind::compressed;
}
inline Count cached_tokens(const Model& model, const CachePart& part, Count context, Count context_ranks) {
  const Count tokens = part.span.tokens(cached_context(model, part, context));
  return shares_context(part) ? ceil_div(tokens, context_ranks) : tokens;
}

/// Returns why that type cannot store a part of the mixer's cache. Empty if it can.
inline std::string cache_type_fault(const Precision& type, const Mixer& mixer, const CachePart& part) {
  std::string fault = storage_fault(type, part.role, part.width);
  const bool record = type.format().layout == Layout::latent_record;
  if (!fault.empty() || !record || part.role != CacheRole::latent || !mixer.settings().has("kv_rank")) return fault;
  // The row has 576 elements, but the split may be different.
  const Count rank = mixer.settings().count("kv_rank");
  if (rank == 512) return {};
  return "it stores one latent of 512 + 64 elements a token, found a \"kv_rank\" of " + to_string(rank);
}

/// Returns the bytes of one state part of one layer and sequence, in the type that the part names.
inline Count state_bytes(const StatePart& part, const Model& model, const KvPrecision& kv) {
  switch (part.type) {
    case StateType::fp32: return part.elements * 4;
    case StateType::activation: return model.activation.row_bytes(part.elements);
    case StateType::cache: return kv.key.row_bytes(part.elements);
  }
  return 0;
}

/// Adds bytes to the part of that name.
inline void add_part(Reserve& reserve, std::string_view name, Count bytes) {
  reserve.bytes += bytes;
  for (ReservedPart& part : reserve.parts) {
    if (part.name == name) {
      part.bytes += bytes;
      return;
    }
  }
  reserve.parts.push_back({name, bytes});
}

/// Says how bytes of a part come about, where the request asks for it.
inline void add_rule(Reserve& reserve, const ReserveRequest& request, std::string_view part, std::string detail,
                     std::string_view expression, std::string_view source, std::vector<FormulaValue> values) {
  if (!request.explained) return;
  reserve.rules.push_back({part, std::move(detail), derivation_of(expression, source, std::move(values))});
}

/// Adds a state of each sequence in all layers of a group, `bytes` each as the engine keeps it, and says so.
inline void add_states(Reserve& reserve, const ReserveRequest& request, const LayerGroup& group, const Mixer& mixer,
                       const StatePart& part, Count bytes, std::string_view source) {
  add_part(reserve, part.name, group.count() * request.batch * bytes);
  add_rule(reserve, request, part.name, std::string(mixer.kind()), "layers batch state_bytes", source,
           {{"layers", group.count(), ValueOrigin::model, {}, "of that kind"},
            {"batch", request.batch, ValueOrigin::asked},
            {"state_bytes", bytes, ValueOrigin::derived, {}, "of one sequence and layer"}});
}

}  // namespace ctxcost
