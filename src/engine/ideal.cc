// The live minimum: exactly what the mechanisms need, without padding or blocks.
#include "live_need.h"
#include "row.h"
#include "sequence_mix.h"

namespace ctxcost {
namespace ideal {
namespace {

/// KIVI packs so many tokens at once, none of which belong to one sequence alone.
Count packed_tokens(const KvPrecision& kv) { return max(1, max(kv.key.packed_tokens(), kv.value.packed_tokens())); }

Count shared_tokens(const ReserveRequest& request) {
  return whole_steps_of_prefix(request, request.context_ranks * packed_tokens(request.kv));
}

Reserve reserve(const ReserveRequest& request) {
  Reserve result;
  const Count shared = shared_tokens(request);
  for (const LayerGroup& group : request.model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        const auto bytes = [&](Count n) {
          return cache_bytes(precision_of(request.kv, part.role), part.role, part.heads, part.width,
                             cached_tokens(request.model, part, n, request.context_ranks));
        };
        // What a window or chunk holds is each sequence's own.
        const Count again = shared > 0 && shares_context(part) ? sharing_sequences(request) * bytes(shared) : Count{};
        add_part(result, part.name, group.count() * (over_sequences(request, bytes) - again));
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
                          .live_need = true,
                          .shared_tokens = ideal::shared_tokens,
                          .prefix_rule = "every layer that caches all tokens keeps it once"};

}  // namespace ctxcost
