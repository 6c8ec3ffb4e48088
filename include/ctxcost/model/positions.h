// From what a model file says about positions to the window it was trained for and the window that scaling reaches
// (docs/cost-model.md section 10): the one place that knows the types of rotary scaling.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// What a file says, in its own terms.
struct PositionFacts {
  PositionEncoding encoding = PositionEncoding::rope;
  std::optional<Count> rows = {};           ///< of a learned table: the hard limit
  std::optional<Count> max_positions = {};  ///< max_position_embeddings; empty = the file states no window
  std::string_view scaling_type = {};       ///< rope_type; "", "default" and "none" scale nothing
  std::string_view scaling_factor = {};     ///< as written: "8.0"; empty = not given
  std::optional<Count> original = {};       ///< original_max_position_embeddings
  /// max_positions is the extended window already, whatever the type says (Gemma 3, whose trained window is not in the
  /// file): it is the trained and the effective window, and the factor does not multiply it.
  bool max_is_extended = false;
};

/// The windows that follow. A type that `rope_scaling_types` does not hold counts as no scaling: check it before.
Positions positions_from(const PositionFacts& facts);

/// The known types, the ones that scale nothing among them; "ntk" and "su" are older names.
std::span<const std::string_view> rope_scaling_types();
bool is_rope_scaling_type(std::string_view type);
/// The types after which max_position_embeddings is the extended window: "llama3", "longrope", "su".
bool extends_max_positions(std::string_view type);

/// floor(tokens * factor) for a decimal factor as written ("8", "2.5", "1e1"), exactly; empty when `factor` is not a
/// positive number or the product does not fit.
std::optional<Count> scaled_window(Count tokens, std::string_view factor);

}  // namespace ctxcost
