// Differences of counts.
#pragma once

#include "ctxcost/core/count.h"

namespace ctxcost {

/// An integer of either sign: a difference or a negative headroom.
struct SignedCount {
  bool negative = false;  ///< never true for zero
  Count magnitude;
  friend bool operator==(const SignedCount&, const SignedCount&) = default;
};

}  // namespace ctxcost
