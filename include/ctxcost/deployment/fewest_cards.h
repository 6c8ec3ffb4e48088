// The fewest cards of a stock that hold a model: a search over the sets of a machine's cards.
#pragma once

#include "ctxcost/deployment/machine.h"
#include "ctxcost/deployment/solve.h"

namespace ctxcost {

/// The most sets of cards that are searched: three kinds of 15 cards each.
inline constexpr std::uint64_t kMostCardSets = 4096;

/// Returns so many cards of a machine, those of most memory first, in the machine's order. `cards` is at most the
/// number of its cards.
Machine largest_cards(const Machine& machine, Count cards);

/// Finds the fewest of the cards of `setup.settings.machine`, which is not null, that fit a question. Sets of equal
/// size are tried in the order of their memory: as many of the cards with most memory as there are, first. The degree
/// by which the engine itself splits a model is varied, as by `min_gpus`. Throws InputError if there are more than
/// kMostCardSets sets, or if no number of cards can run the model.
FewestGpus fewest_cards(const Setup& setup, Count context, Count batch);

}  // namespace ctxcost
