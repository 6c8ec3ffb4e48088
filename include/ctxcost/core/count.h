// Exact non-negative integers of 128 bits. Every operation is checked: a result that does not fit is an
// exception, never a wrong number.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ctxcost {

/// Thrown when the result of an operation on counts is outside [0, 2^128). The caller that knows the input adds its
/// name (see `estimate`).
class CountOverflow : public std::overflow_error {
 public:
  explicit CountOverflow(const char* operation) : std::overflow_error(operation) {}
};

/// Throws CountOverflow. It is out of line to keep every inlined `a * b` small.
[[noreturn]] void throw_overflow(const char* operation);

__extension__ using Uint128 = unsigned __int128;

/// A checked unsigned 128-bit integer: tokens, pairs, multiply-adds, bytes.
class Count {
 public:
  constexpr Count() = default;
  // Integers convert implicitly, so that formulas read as in the papers. A negative integer throws.
  template <std::integral T>
  constexpr Count(T value) : value_(static_cast<Uint128>(value)) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::signed_integral<T>) {
      if (value < 0) throw_overflow("a count cannot be negative");
    }
  }
  static constexpr Count from_raw(Uint128 value) {
    Count count;
    count.value_ = value;
    return count;
  }

  constexpr Uint128 raw() const { return value_; }
  constexpr bool fits_u64() const { return value_ <= UINT64_MAX; }
  /// Returns the value as 64 bits. Throws CountOverflow if it does not fit.
  constexpr std::uint64_t u64() const {
    if (!fits_u64()) throw_overflow("a count above 2^64 where a smaller one is needed");
    return static_cast<std::uint64_t>(value_);
  }
  /// Returns the nearest double. Use it only for times, ratios and display.
  constexpr double to_double() const { return static_cast<double>(value_); }

  friend constexpr Count operator+(Count a, Count b) {
    Count r;
    if (__builtin_add_overflow(a.value_, b.value_, &r.value_)) throw_overflow("sum above 2^128");
    return r;
  }
  friend constexpr Count operator-(Count a, Count b) {
    Count r;
    if (__builtin_sub_overflow(a.value_, b.value_, &r.value_)) throw_overflow("difference below zero");
    return r;
  }
  friend constexpr Count operator*(Count a, Count b) {
    // Most products fit 64x64: the checked 128-bit multiplication is several times slower.
    if (a.fits_u64() && b.fits_u64()) return from_raw(a.value_ * b.value_);
    Count r;
    if (__builtin_mul_overflow(a.value_, b.value_, &r.value_)) throw_overflow("product above 2^128");
    return r;
  }
  friend constexpr Count operator/(Count a, Count b) {
    if (b.value_ == 0) throw_overflow("division by zero");
    if (a.fits_u64() && b.fits_u64())
      return from_raw(static_cast<std::uint64_t>(a.value_) / static_cast<std::uint64_t>(b.value_));
    return from_raw(a.value_ / b.value_);
  }
  friend constexpr Count operator%(Count a, Count b) {
    if (b.value_ == 0) throw_overflow("division by zero");
    if (a.fits_u64() && b.fits_u64())
      return from_raw(static_cast<std::uint64_t>(a.value_) % static_cast<std::uint64_t>(b.value_));
    return from_raw(a.value_ % b.value_);
  }
  constexpr Count& operator+=(Count b) { return *this = *this + b; }
  constexpr Count& operator-=(Count b) { return *this = *this - b; }
  constexpr Count& operator*=(Count b) { return *this = *this * b; }

  friend constexpr bool operator==(Count a, Count b) { return a.value_ == b.value_; }
  friend constexpr auto operator<=>(Count a, Count b) { return a.value_ <=> b.value_; }

 private:
  Uint128 value_ = 0;
};

constexpr Count min(Count a, Count b) { return a < b ? a : b; }
constexpr Count max(Count a, Count b) { return a < b ? b : a; }
/// Returns ceil(a / b).
constexpr Count ceil_div(Count a, Count b) { return a / b + (a % b == 0 ? 0 : 1); }
/// Returns the smallest multiple of `step` that is at least `a`.
constexpr Count round_up(Count a, Count step) { return ceil_div(a, step) * step; }
/// Returns a - b, or 0 if b is larger.
constexpr Count minus_or_zero(Count a, Count b) { return a > b ? a - b : Count{}; }

/// Returns all decimal digits, without separators.
std::string to_string(Count value);

/// Reads decimal digits. Returns nothing if `text` has any other character or does not fit 128 bits.
std::optional<Count> parse_digits(std::string_view text);

/// Returns value / base. Empty if one of the two is unknown, or base is 0.
inline std::optional<double> known_ratio(const std::optional<Count>& value, const std::optional<Count>& base) {
  if (!value || !base || *base == 0) return std::nullopt;
  return value->to_double() / base->to_double();
}

/// Returns the sum. Empty if one of the two is unknown. Throws CountOverflow.
inline std::optional<Count> known_sum(const std::optional<Count>& a, const std::optional<Count>& b) {
  return a && b ? std::optional(*a + *b) : std::nullopt;
}

}  // namespace ctxcost
