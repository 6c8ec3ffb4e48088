// A machine whose cards differ: which card each device of a split is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/deployment/accelerator.h"

namespace ctxcost {

/// Cards of one kind that come one after another.
struct CardGroup {
  Accelerator gpu;
  Count count = 1;
  std::optional<Fraction> utilization;  ///< usable share of their memory; by default that of the whole machine
};

/// The cards of a machine in the order of its devices.
struct Machine {
  std::vector<CardGroup> groups;

  /// Returns the number of cards.
  Count cards() const;
  /// Returns the index of the group that has the card of that number, from 0. The last one for a number beyond all.
  std::size_t group_of(Count card) const;
  /// Returns the sum of their memories in bytes.
  Count memory() const;
  /// Returns the first card of each kind, in order.
  std::vector<const Accelerator*> kinds() const;
  /// "rtx-3090-24gb:2+rtx-4090-24gb"
  std::string name() const;
};

/// Returns whether two cards are one kind: the same name and figures.
bool is_same_card(const Accelerator& a, const Accelerator& b);

}  // namespace ctxcost
