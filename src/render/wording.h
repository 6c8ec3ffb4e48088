// Words that several formats say alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// "0-4,6": ascending indices, runs of them joined.
std::string index_ranges(std::span<const std::uint32_t> indices);

/// "none", "plain", "gated", or "experts".
std::string_view feed_forward_word(const FeedForward& feed_forward);

/// What `window_status` at this context means for this model; empty while the context is within what was trained.
std::string window_note(const Model& model, const Estimate& values, Count context);

}  // namespace ctxcost
