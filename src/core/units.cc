#include "ctxcost/core/units.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/writer.h"

namespace ctxcost {
namespace {

// Steps of 1000 or 1024 from the second on; the first is the plain integer. 2^128 is 340 million Quetta.
constexpr std::string_view kCountSteps[] = {"K", "M", "B", "T", "P", "E", "Z", "Y", "R", "Q"};
constexpr std::string_view kWorkSteps[] = {" Kilo", " Mega",  " Giga",  " Tera",  " Peta",
                                           " Exa",  " Zetta", " Yotta", " Ronna", " Quetta"};
constexpr std::string_view kSiSteps[] = {" KB", " MB", " GB", " TB", " PB", " EB", " ZB", " YB", " RB", " QB"};
constexpr std::string_view kIecSteps[] = {" KiB", " MiB", " GiB", " TiB", " PiB",
                                          " EiB", " ZiB", " YiB", " RiB", " QiB"};

/// value / unit in parts of 1 / `parts`, rounded half up, without a product above the type.
template <typename Integer>
Integer parts_of(Integer value, Integer unit, Integer parts) {
  return value / unit * parts + (value % unit * parts + unit / 2) / unit;
}

/// `scaled` for a value of at least `base`.
template <typename Integer>
std::string in_steps(Integer value, Integer base, std::span<const std::string_view> steps, Integer parts) {
  Integer unit = base;
  std::size_t step = 0;
  while (step + 1 < steps.size() && value / unit >= base) {
    unit *= base;
    ++step;
  }
  Integer rounded = parts_of(value, unit, parts);
  if (step + 1 < steps.size() && rounded >= base * parts) {
    unit *= base;
    ++step;
    rounded = parts_of(value, unit, parts);
  }
  const Integer whole = rounded / parts;
  std::uint64_t decimals = 0;
  if constexpr (std::is_same_v<Integer, Count>) {
    decimals = (rounded - whole * parts).u64();
  } else {
    decimals = rounded - whole * parts;
  }
  std::string text = with_separators(whole);
  if (parts == 100) {
    const char two[] = {'.', static_cast<char>('0' + decimals / 10), static_cast<char>('0' + decimals % 10)};
    text.append(two, sizeof two);
  } else {
    const char one[] = {'.', static_cast<char>('0' + decimals)};
    text.append(one, sizeof one);
  }
  text += steps[step];
  return text;
}

/// The value in the smallest step in which it rounds to less than the next one, with one decimal where `parts` is 10
/// and two where it is 100; `plain` where it is below the first step.
std::string scaled(Count value, unsigned base, std::span<const std::string_view> steps, std::string_view plain,
                   unsigned parts = 10) {
  if (value < base) return to_string(value) + std::string(plain);
  // 64 bits hold the products of values up to 2^54, and divide several times as fast.
  if (value.raw() >> 54 == 0) return in_steps<std::uint64_t>(value.u64(), base, steps, parts);
  return in_steps<Count>(value, base, steps, parts);
}

}  // namespace

std::string_view name(UnitSystem units) { return units == UnitSystem::si ? "si" : "iec"; }

std::string with_separators(Count value) {
  char digits[kMostDigits];
  const std::size_t count = static_cast<std::size_t>(write_digits(digits, value) - digits);
  char text[kMostDigits + kMostDigits / 3];
  // The first group has one to three digits.
  std::size_t size = 0;
  for (const std::size_t first = (count - 1) % 3 + 1; size < first; ++size) text[size] = digits[size];
  for (std::size_t i = size; i < count; i += 3, size += 4) {
    text[size] = ',';
    std::memcpy(text + size + 1, digits + i, 3);
  }
  return {text, size};
}

std::string short_count(Count value) { return scaled(value, 1000, kCountSteps, ""); }

std::string short_work(Count value, std::string_view noun) {
  std::string text = scaled(value, 1000, kWorkSteps, " ");
  text += noun;
  return text;
}

std::string short_bytes(Count value, UnitSystem units) {
  return units == UnitSystem::si ? scaled(value, 1000, kSiSteps, " B") : scaled(value, 1024, kIecSteps, " B", 100);
}

std::string short_seconds(double seconds) {
  static constexpr std::pair<double, const char*> kSteps[] = {{1, " s"}, {1e-3, " ms"}, {1e-6, " µs"}};
  // Four digits of more would be a power of ten: 1.235e+04.
  if (seconds >= 9999.5 && seconds < 1e18) {
    return with_separators(static_cast<std::uint64_t>(std::round(seconds))) + " s";
  }
  for (const auto& [unit, suffix] : kSteps) {
    if (seconds >= unit) return format("{:.4g}{}", seconds / unit, suffix);
  }
  return format("{:.4g} ns", seconds * 1e9);
}

std::string short_real(double value) {
  if (value < 1000) return format("{:.4g}", value);
  // Beyond 2^127 no integer would hold it.
  if (!(value < 1e38)) return format("{:.4g}", value);
  return with_separators(Count::from_raw(static_cast<Uint128>(std::round(value))));
}

std::string short_ratio(Count value, Count base) {
  if (base == 0) return "–";
  if (value % base == 0 || (value / base).raw() >> 120 != 0) return with_separators(value / base) + "x";
  // A base near 2^128 cannot be multiplied by ten. Dropping one digit of both does not change the one decimal shown.
  while (base.raw() >> 120 != 0) {
    value = value / 10;
    base = base / 10;
  }
  const Count tenths = parts_of<Count>(value, base, 10);
  if (tenths == 0) return "<0.1x";
  return with_separators(tenths / 10) + "." + to_string(tenths % 10) + "x";
}

}  // namespace ctxcost
