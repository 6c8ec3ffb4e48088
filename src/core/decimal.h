// Decimal numbers as people write them, exact.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// digits / 10^decimals
struct Decimal {
  Count digits;
  std::uint32_t decimals = 0;
  double to_double() const;
};

/// Reads digits with an optional fraction and exponent from the start of `text`, and removes them there. Empty if there
/// are none, or if they exceed 128 bits or 38 decimals.
std::optional<Decimal> read_decimal(std::string_view& text);

}  // namespace ctxcost
