// Derives the count of a term: its formula, with the values of its words.
#pragma once

#include <optional>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/term.h"
#include "ctxcost/mechanism/derivation.h"

namespace ctxcost {

/// How `one` of an estimator's term at that context comes about: its formula, and where each value is from. Empty where
/// no formula of the list gives the number: a rank's share of a layer, the weights that a decode step reads together,
/// what an engine reserves (its `Reserve::rules` say how).
std::optional<Derivation> derive(const Estimator& estimator, const Term& term, Count context);

}  // namespace ctxcost
