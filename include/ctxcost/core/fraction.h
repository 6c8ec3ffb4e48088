// Exact shares: of memory, of a peak that was measured.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// An exact share, at most 1.
struct Fraction {
  Count numerator = 1;
  Count denominator = 1;

  Count of(Count whole) const { return whole * numerator / denominator; }
  double value() const { return numerator.to_double() / denominator.to_double(); }
  friend Fraction operator*(const Fraction& a, const Fraction& b) {
    return {a.numerator * b.numerator, a.denominator * b.denominator};
  }
  friend bool operator==(const Fraction&, const Fraction&) = default;
};

/// Reads "0.9" or "1", above 0. Throws InputError that names `source`.
Fraction parse_fraction(std::string_view text, std::string_view source);

/// Reads "2/3", above 0 and of at most six digits each; empty where it is none.
std::optional<Fraction> read_ratio(std::string_view text);

/// Reads "5%" or "7.5%", from 0% on; empty where it is none.
std::optional<Fraction> read_percent(std::string_view text);

/// "75%", "66.7%".
std::string percent_text(const Fraction& share);

}  // namespace ctxcost
