// What is asked of a model: how long, how many, in which types, counted by which convention.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// How FLOPs and pairs are counted (docs/cost-model.md section 2.1). Always printed with the numbers.
struct Convention {
  std::string name;  ///< "article", "standard", "causal", or with overrides "standard:pairs=exact"
  Count flops_per_mac = 1;
  PairRule pairs = PairRule::reach;
};

/// NAME[:flops_per_mac=1|2][,pairs=reach|exact]. Throws InputError with a near match.
Convention parse_convention(std::string_view text);
/// "article", "standard", "causal"
std::span<const std::string_view> convention_names();
Convention article_convention();
Convention causal_convention();

/// For which positions logits are wanted.
enum class Logits { last, all };

/// One point of the grid.
struct Workload {
  Count context = 0;              ///< n tokens a sequence
  Count batch = 1;                ///< b sequences
  std::optional<KvPrecision> kv;  ///< the model's own where empty
  WeightScheme weights;           ///< by default as the model's file says
  Convention convention = article_convention();
  Logits logits = Logits::last;
};

}  // namespace ctxcost
