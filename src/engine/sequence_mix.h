// Sums over the sequences of a request, which may be of several lengths and may have a prefix in common.
#pragma once

#include "ctxcost/engine/engine.h"

namespace ctxcost {

/// Returns the sum over all sequences of what one of n tokens takes.
template <typename OfLength>
Count over_sequences(const ReserveRequest& request, OfLength of_length) {
  if (request.mix == nullptr) return request.batch * of_length(request.context);
  Count sum;
  for (const SequenceGroup& group : request.mix->groups) sum += group.sequences * of_length(group.tokens);
  return sum;
}

/// Returns the number of sequences that do not keep the prefix again, if it is kept once.
inline Count sharing_sequences(const ReserveRequest& request) {
  return request.mix == nullptr ? Count{} : minus_or_zero(request.mix->sequences(), 1);
}

/// Returns the largest number of tokens in whole steps of `step` that is not above the prefix.
inline Count whole_steps_of_prefix(const ReserveRequest& request, Count step) {
  return request.mix == nullptr ? Count{} : request.mix->prefix / step * step;
}

/// Returns the request for one sequence of n tokens.
inline ReserveRequest of_one(const ReserveRequest& request, Count tokens) {
  return {request.model, tokens, 1, request.kv, request.choice, request.context_ranks, request.device};
}

}  // namespace ctxcost
