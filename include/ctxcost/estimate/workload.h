// The workload: context, batch, types, and counting convention.
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

/// How FLOPs and pairs are counted (docs/cost-model.md section 2.1). It is always printed with the numbers.
struct Convention {
  std::string name;  ///< "article", "standard", "causal", or with overrides "standard:pairs=exact"
  Count flops_per_mac = 1;
  PairRule pairs = PairRule::reach;
};

/// NAME[:flops_per_mac=1|2][,pairs=reach|exact]. Throws InputError naming a near match.
Convention parse_convention(std::string_view text);
/// "article", "standard", "causal"
std::span<const std::string_view> convention_names();
Convention article_convention();
Convention causal_convention();

/// The positions whose logits are computed.
enum class Logits { last, all };

/// One point of the grid.
struct Workload {
  Count context = 0;              ///< n tokens per sequence
  Count batch = 1;                ///< b sequences
  std::optional<KvPrecision> kv;  ///< empty: the model's own
  WeightScheme weights;           ///< by default, the types of the model's files
  Convention convention = article_convention();
  Logits logits = Logits::last;
};

}  // namespace ctxcost
