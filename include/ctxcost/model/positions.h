// Computes the trained window and the scaled window from a model file's positions (docs/cost-model.md section 10). Only
// this file knows the types of rotary scaling.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// Positions as the file states them.
struct PositionFacts {
  PositionEncoding encoding = PositionEncoding::rope;
  std::optional<Count> rows = {};           ///< rows of a learned table: the hard limit
  std::optional<Count> max_positions = {};  ///< max_position_embeddings; empty = the file states no window
  std::string_view scaling_type = {};       ///< rope_type; "", "default" and "none" scale nothing
  std::string_view scaling_factor = {};     ///< as written: "8.0"; empty = not given
  std::optional<Count> original = {};       ///< original_max_position_embeddings
  /// True if max_positions is already the extended window under every type (Gemma 3, whose file lacks the trained
  /// window). It is then both the trained and the effective window, and the factor does not multiply it.
  bool max_is_extended = false;
};

/// Returns facts as published configs state them, from facts whose `max_positions` may be the window before scaling.
/// Only under types for which published configs give the extended window, original * factor, is there a difference.
PositionFacts as_published(PositionFacts facts);

/// Returns the resulting windows. A type that is not in `rope_scaling_types` counts as no scaling, so check it first.
Positions positions_from(const PositionFacts& facts);

/// Returns the longest context within the window: the scaled window, or the trained one, as far as a learned table
/// reaches. Empty if the file states none of them.
std::optional<Count> window_of(const Positions& positions);

/// Returns the known types, including those that scale nothing. "ntk" and "su" are older names.
std::span<const std::string_view> rope_scaling_types();
bool is_rope_scaling_type(std::string_view type);
/// Returns the types for which max_position_embeddings is the extended window: "llama3", "longrope", "su".
bool extends_max_positions(std::string_view type);

/// Returns floor(tokens * factor), exactly, for a decimal factor as written ("8", "2.5", "1e1"). Empty if `factor` is
/// not a positive number or the product does not fit.
std::optional<Count> scaled_window(Count tokens, std::string_view factor);

}  // namespace ctxcost
