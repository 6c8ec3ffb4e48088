#pragma once

#include <cstddef>
#include <string_view>

namespace ctxcost {

/// Length of the UTF-8 sequence at the start of `text`, or 0 where it is not one (RFC 3629).
std::size_t utf8_length(std::string_view text);

}  // namespace ctxcost
