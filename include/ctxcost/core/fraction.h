// Exact shares, such as a share of memory or of a measured peak, and exact rates, such as a price.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// An exact share, at most 1; of an engine's ratios also more.
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

/// Reads a share above 0 with at most six decimals, such as "0.9", "1" or "5e-3". Throws InputError naming `source`.
Fraction parse_fraction(std::string_view text, std::string_view source);

/// Returns what to expect in place of `text`, which is no share, for messages: "at most six decimals" if that is all
/// that it lacks, else "a number above 0 and at most 1".
std::string_view expected_share(std::string_view text);

/// Reads such decimals, joined by '+': "0.9+0.8". Throws InputError naming `source`.
std::vector<Fraction> parse_fractions(std::string_view text, std::string_view source);

/// Reads a number above 0 with at most six decimals, such as "0.9" or "1.5". Returns nothing if the text is not one.
std::optional<Fraction> read_fraction(std::string_view text);

/// Reads a share above 0, such as "2/3", with at most six digits on each side. Returns nothing if the text is not one.
std::optional<Fraction> read_ratio(std::string_view text);

/// Reads a percentage of at least 0%, such as "5%" or "7.5%". Returns nothing if the text is not one.
std::optional<Fraction> read_percent(std::string_view text);

/// The same in place of a percentage: "at most six decimals", else "a percentage up to 100%".
std::string_view expected_percent(std::string_view text);

/// Reads a price or a power: a number above 0 and below 10^9, with at most nine decimals. Empty if `text` is not that.
std::optional<Fraction> read_rate_text(std::string_view text);
/// Returns what to expect in place of `text`, which is no rate, for messages: "at most nine decimals" if that is all
/// that it lacks, else "a number above 0" or "a number below 10^9".
std::string_view expected_rate(std::string_view text);

/// "75%", "66.7%".
std::string percent_text(const Fraction& share);

}  // namespace ctxcost
