// Requests as they come: users with contexts of several lengths, and a prefix that all of them start with.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/engine/engine.h"

namespace ctxcost {

/// A length that requests have, and the share of the users who have it.
struct RequestLength {
  Count tokens;
  Fraction share;
};

/// The requests that are in flight at the same time, beside the number of their users.
struct RequestMix {
  std::vector<RequestLength> lengths = {};       ///< their shares add up to 1; empty: all users have the same context
  std::optional<Count> one_more = std::nullopt;  ///< the tokens of one further request, beside those of the users
  Count shared_prefix = {};                      ///< tokens that all requests start with

  /// Returns whether all requests have the context that is asked for, and nothing in common.
  bool alike() const { return lengths.empty() && shared_prefix == 0; }
  /// Return the most and the fewest tokens of a request. There must be lengths.
  Count longest() const;
  Count shortest() const;
  /// Returns the requests of that many users. Each length has its share of them, rounded down; those who are left go to
  /// the largest remainders, of equal ones to the longest. Without lengths all have `context`. Throws InputError if the
  /// prefix is longer than any of them, or `context` is not the longest length.
  SequenceMix of(Count users, Count context) const;
  /// Returns a number of users after which more of them never need less than that many did. It is above 0 where there
  /// are three lengths or more: a further user may then move another one to a shorter length.
  Count ripple() const;
  /// "4096:32768", "4096 80%, 16384 20%". Empty without lengths.
  std::string name() const;
};

/// Returns how many lengths requests may have beside a model with so many kinds of layers: all of the 1,000 that a file
/// may hold beside four kinds, 500 beside 16. A search for the most users tries about as many of them as there are
/// lengths, and counts every kind of layer at every length each time.
Count most_lengths(std::size_t kinds);
/// Throws InputError if the requests have more lengths than that beside the model.
void check_requests(const RequestMix& requests, const Model& model);

/// Throws InputError unless the shares of the lengths add up to 1.
void check_shares(const std::vector<RequestLength>& lengths);

}  // namespace ctxcost
