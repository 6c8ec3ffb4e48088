#include "cache_types.h"

#include <utility>

#include "engine/live_need.h"

namespace ctxcost {

std::optional<CacheTypeFault> first_cache_type_fault(const Model& model, const KvPrecision& kv) {
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        const Precision& type = precision_of(kv, part.role);
        std::string fault = cache_type_fault(type, *mixer, part);
        if (!fault.empty()) return CacheTypeFault{type, std::move(fault)};
      }
      for (const StatePart& part : mixer->state()) {
        if (part.type != StateType::cache || kv.key.format().layout == Layout::block) continue;
        return CacheTypeFault{kv.key, "a " + std::string(part.name) + " is not rows of heads"};
      }
    }
  }
  return std::nullopt;
}

std::optional<Count> cache_bytes_of_sequence(const Model& model, const KvPrecision& kv, Count context) {
  if (first_cache_type_fault(model, kv)) return std::nullopt;
  Count bytes;
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        const Count tokens = cached_tokens(model, part, context, 1);
        bytes += group.count() * cache_bytes(precision_of(kv, part.role), part.role, part.heads, part.width, tokens);
      }
    }
  }
  return bytes;
}

}  // namespace ctxcost
