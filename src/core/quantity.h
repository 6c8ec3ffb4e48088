// Numbers with units as people write them: "72GiB", "1.5 PFLOPs", "20ms", "64K". Exact decimals, never a rounded
// double.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctxcost/core/count.h"
#include "ctxcost/core/units.h"
#include "decimal.h"

namespace ctxcost {

/// Rounding of a decimal that is not a whole number of units: a limit "at most 72.3GiB" is rounded down, an "at least"
/// limit up.
enum class Rounding { down, up };

/// decimal * factor. Empty above 128 bits.
std::optional<Count> whole(const Decimal& decimal, Count factor, Rounding rounding);

/// Reads an integer of that unit: "72GiB", "24 GB" (bytes), "1.5 PFLOPs", "2T" (FLOPs and MACs), "7B" (parameters,
/// pairs), "64K" = 65,536 (tokens), or digits alone. Empty if `text` is not that.
std::optional<Count> parse_quantity(std::string_view text, Unit unit, Rounding rounding);

/// 8 EiB. No device and no host has more, nor moves or computes more in a second; what shares of it make is counted in
/// 128 bits.
inline constexpr Count kLargestSize = std::uint64_t{1} << 63U;

/// Returns whether a size on a command line, read as `bytes`, lacks a unit: plain digits from 1 to 1,048,575. Someone
/// who writes "2" means two gigabytes, but it reads as two bytes.
bool lacks_unit(std::string_view text, Count bytes);

/// Reads "20ms", "1.5 s", "2 min" as seconds, "4x" as a ratio, "50 tokens/s" as a rate, "0.25 USD" and
/// "1.5 J" as money and energy, or a number alone.
std::optional<double> parse_real(std::string_view text, Unit unit);

/// Returns a regular expression (ECMA-262) of the texts with a unit that they accept. Empty if there are none.
std::string quantity_pattern(Unit unit);

/// Returns what `parse_quantity` and `parse_real` accept, for messages: `bytes ("72GiB", "24 GB" or an integer)`.
std::string_view expected_quantity(Unit unit);

}  // namespace ctxcost
