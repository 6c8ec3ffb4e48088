// A figure that somebody printed, and the ways of counting that give it: why two tools disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/units.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// What a claim is about. A bare number may be any count: scores or parameters.
enum class ClaimedQuantity { flops, macs, bytes, scores, parameters, count };

/// A printed figure: `digits` / 10^`decimals` times `unit`. "16.4 billion scores" is 164, 1 and 10^9.
struct Claim {
  std::string text;  ///< as given
  ClaimedQuantity quantity = ClaimedQuantity::count;
  Count digits;
  std::uint32_t decimals = 0;
  Count unit = 1;
  /// Of bytes with a prefix: the unit under the other base, GiB for GB and the reverse.
  std::optional<Count> other_unit;

  /// Returns whether `exact` is printed as this figure: rounded half up to its last digit. Throws CountOverflow.
  bool states(Count exact, Count unit_meant) const;
  bool states(Count exact) const { return states(exact, unit); }
};

/// Reads "268 TFLOPs", "268 TeraFLOPs", "512 GB", "40 GiB", "16.4 billion scores", "16.4B", "8.03B parameters",
/// "1,024". Throws InputError naming `source`.
Claim parse_claim(std::string_view text, std::string_view source);

/// What is asked: a claim about a model at a point.
struct ClaimQuestion {
  SharedModel model;
  Claim claim;
  Count context;
  Count batch = 1;
  Workload workload;  ///< types, convention and logits of the default reading
};

/// One way of counting that gives the figure.
struct Reading {
  std::string subject;               ///< "attention FLOPs", "KV cache"
  std::vector<std::string> changes;  ///< from the default reading, each in words: "one layer rather than all 32"
  Count value;                       ///< exact
  Count unit_meant;                  ///< what the printed unit stands for: 10^9, or 2^30 where GB means GiB
};

struct ClaimAnswer {
  SharedModel model;
  Claim claim;
  Count context;
  Count batch = 1;
  Workload workload;  ///< of the default reading
  std::string default_subject;
  std::optional<Count> default_value;  ///< what the default reading gives; empty where it is unknown
  std::vector<Reading> readings;  ///< those with the fewest changes first; those that lead to the same are left out
  std::size_t tried = 0;          ///< readings that were computed
};

/// Searches the ways of counting (docs/cost-model.md section 2) for those that give the figure within its printed
/// precision: FLOPs per multiply-add, which matrix products, causal or not, one layer or head or all, 128,000 or
/// 131,072 tokens, GB or GiB, heads or KV heads, K or K and V, batch, bits, with or without weights, embedding or head.
/// Integers throughout; readings that leave 128 bits are left out.
ClaimAnswer find_readings(const ClaimQuestion& question);

/// Returns at which other contexts, doubling from 1K to 1M, readings give the figure: only those whose first reading
/// has the fewest changes. For a figure that was printed without its context.
std::vector<Count> contexts_that_give(const ClaimQuestion& question);

}  // namespace ctxcost
