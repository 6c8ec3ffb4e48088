// Derives the count of a term: its formula, with the values of its words.
#pragma once

#include <optional>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/term.h"
#include "ctxcost/mechanism/derivation.h"

namespace ctxcost {

/// Derives `one` of an estimator's term at that context: its formula, and the source of each value. Empty if no listed
/// formula gives the number (a rank's share of a layer, KIVI's packed cache, an engine's rules).
std::optional<Derivation> derive(const Estimator& estimator, const Term& term, Count context);

}  // namespace ctxcost
