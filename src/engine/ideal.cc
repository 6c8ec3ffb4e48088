// The live minimum: exactly what the mechanisms need, without padding or blocks.
#include "live_need.h"
#include "row.h"

namespace ctxcost {
namespace ideal {
namespace {

Reserve reserve(const ReserveRequest& request) {
  Reserve result;
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        const Count tokens = cached_tokens(request.model, part, request.context, request.context_ranks);
        add_part(result, part.name,
                 group.count() * request.batch *
                     cache_bytes(precision_of(request.kv, part.role), part.role, part.heads, part.width, tokens));
      }
      for (const StatePart& part : mixer->state()) {
        add_part(result, part.name, group.count() * request.batch * state_bytes(part, request.model, request.kv));
      }
    }
  }
  return result;
}

}  // namespace
}  // namespace ideal

CTXCOST_ENGINE(kIdeal) = {.name = "ideal",
                          .summary = "the live minimum of cache and state, without padding or blocks",
                          .source = "docs/cost-model.md",
                          .release = {},
                          .settings = {},
                          .reserve = ideal::reserve,
                          .live_need = true};

}  // namespace ctxcost
