// Words for the parts of a model, shared by several answers and formats.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ctxcost/model/model.h"

namespace ctxcost {

/// "0-4,6": ascending indices, runs of them joined.
std::string index_ranges(std::span<const std::uint32_t> indices);

/// "none", "plain", "gated", or "experts".
std::string_view feed_forward_word(const FeedForward& feed_forward);

}  // namespace ctxcost
