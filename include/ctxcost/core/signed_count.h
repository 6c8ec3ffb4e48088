// Differences of counts.
#pragma once

#include "ctxcost/core/count.h"

namespace ctxcost {

/// An integer of either sign: a difference, or a headroom that is missing.
struct SignedCount {
  bool negative = false;  ///< never of zero
  Count magnitude;
  friend bool operator==(const SignedCount&, const SignedCount&) = default;
};

}  // namespace ctxcost
