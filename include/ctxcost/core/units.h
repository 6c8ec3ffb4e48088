// What a number counts, and how exact integers are displayed: with one decimal (IEC bytes with two), rounded half up on
// the integer itself.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// What a metric counts. This decides how tables show it and which limits a budget may set.
enum class Unit {
  tokens,
  sequences,
  pairs,
  macs,
  flops,
  bytes,
  parameters,
  level,
  ratio,
  seconds,
  rate,
  devices,
  usd,
  joules
};

/// Returns whether the unit is measured in real numbers: ratios, times, money and energy.
constexpr bool is_real(Unit unit) {
  return unit == Unit::ratio || unit == Unit::seconds || unit == Unit::rate || unit == Unit::usd ||
         unit == Unit::joules;
}
/// Returns whether the unit counts exact integers. The others are levels and real numbers.
constexpr bool is_whole(Unit unit) { return unit != Unit::level && !is_real(unit); }

/// Units of bytes: si is KB = 10^3, MB = 10^6, …; iec is KiB = 2^10, MiB = 2^20, ….
enum class UnitSystem { si, iec };

std::string_view name(UnitSystem units);

/// "1,048,576"
std::string with_separators(Count value);

/// "512", "8.2K", "16.8M", "17.2B", "1.1T"; from 10^15 the letters of SI: "1.1P", then E, Z, Y, R, Q.
std::string short_count(Count value);

/// "8.6 GigaFLOPs"; below a thousand, the integer: "512 FLOPs". `noun` is "FLOPs" or "MACs".
std::string short_work(Count value, std::string_view noun);

/// "536.9 MB" or "512.00 MiB", with two decimals as engines log GiB; below one KB or KiB, the integer: "512 B".
std::string short_bytes(Count value, UnitSystem units);

/// Four digits: "133.3 ms", "4.801 ms", "12.5 s". From 10,000 s on whole seconds: "12,346 s".
std::string short_seconds(double seconds);

/// Four digits, without an exponent: "0.1043", "12.35", "1,235". For money and energy.
std::string short_real(double value);

/// Returns value / base: "16,384x" if that is whole, else with one decimal: "1.5x". Below 0.1 it is "<0.1x", and "–" if
/// base is 0.
std::string short_ratio(Count value, Count base);

}  // namespace ctxcost
