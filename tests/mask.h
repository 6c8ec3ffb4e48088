// Masks counted one pair at a time: what every closed form is compared with.
#pragma once

#include "ctxcost/core/count.h"

namespace ctxcost::test {

/// Keys that query i of n sees under `seen(i, j)`.
template <class Mask>
unsigned keys_of_query(unsigned n, unsigned i, const Mask& seen) {
  unsigned keys = 0;
  for (unsigned j = 0; j < n; ++j) keys += seen(i, j) ? 1 : 0;
  return keys;
}

/// Unmasked pairs of n tokens.
template <class Mask>
Count count_pairs(unsigned n, const Mask& seen) {
  Count pairs;
  for (unsigned i = 0; i < n; ++i) pairs += keys_of_query(n, i, seen);
  return pairs;
}

/// The most keys that any of n queries sees.
template <class Mask>
Count most_keys(unsigned n, const Mask& seen) {
  Count most;
  for (unsigned i = 0; i < n; ++i) most = max(most, keys_of_query(n, i, seen));
  return most;
}

}  // namespace ctxcost::test
