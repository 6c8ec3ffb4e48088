#include "ctxcost/core/fraction.h"

#include "ctxcost/core/diagnostic.h"
#include "decimal.h"
#include "divided.h"

namespace ctxcost {
namespace {

constexpr std::uint32_t kMostDecimalsOfShare = 6;
constexpr std::uint32_t kMostDecimalsOfRate = 9;
constexpr std::string_view kTooFine = "at most six decimals";

Fraction fraction_of(const Decimal& decimal) {
  Fraction fraction{decimal.digits, 1};
  for (std::uint32_t i = 0; i < decimal.decimals; ++i) fraction.denominator *= 10;
  return fraction;
}

/// Reads a number with at most six decimals, of any value. ".9" needs no zero.
std::optional<Fraction> read_decimal_share(std::string_view text) {
  if (text.starts_with('.')) return read_decimal_share("0" + std::string(text));
  const std::optional<Decimal> decimal = read_decimal(text);
  if (!decimal || !text.empty() || decimal->decimals > kMostDecimalsOfShare) return std::nullopt;
  return fraction_of(*decimal);
}

/// Whether that is all that a number from 0 to `most` lacks.
bool is_too_fine(std::string_view text, Count most = 1) {
  const std::optional<Decimal> decimal = read_decimal(text);
  if (!decimal || !text.empty() || decimal->decimals <= kMostDecimalsOfShare) return false;
  const Fraction fraction = fraction_of(*decimal);
  return fraction.numerator / fraction.denominator < most;
}

bool is_share(const Fraction& fraction) { return fraction.numerator > 0 && fraction.numerator <= fraction.denominator; }

/// Whether a price or a power may be so large.
bool is_rate(const Decimal& decimal) {
  constexpr Count kLimit = 1'000'000'000;
  return decimal.digits > 0 && decimal.digits / fraction_of(decimal).denominator < kLimit;
}

}  // namespace

Fraction parse_fraction(std::string_view text, std::string_view source) {
  const std::optional<Fraction> fraction = read_decimal_share(text);
  if (!fraction || !is_share(*fraction)) {
    throw_fault(source, "expected " + std::string(expected_share(text)) + ", found \"" + std::string(text) + "\"",
                text.ends_with('%') ? "write 0.9 for 90%" : "");
  }
  return *fraction;
}

std::string_view expected_share(std::string_view text) {
  return is_too_fine(text) ? kTooFine : "a number above 0 and at most 1";
}

std::vector<Fraction> parse_fractions(std::string_view text, std::string_view source) {
  std::vector<Fraction> all;
  for (const std::string_view share : divided(text, '+')) all.push_back(parse_fraction(share, source));
  return all;
}

std::optional<Fraction> read_fraction(std::string_view text) {
  const std::optional<Fraction> fraction = read_decimal_share(text);
  return fraction && fraction->numerator > 0 ? fraction : std::nullopt;
}

std::optional<Fraction> read_ratio(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash > kMostDecimalsOfShare ||
      text.size() - slash - 1 > kMostDecimalsOfShare) {
    return std::nullopt;
  }
  const std::optional<Count> numerator = parse_digits(text.substr(0, slash));
  const std::optional<Count> denominator = parse_digits(text.substr(slash + 1));
  if (!numerator || !denominator || *numerator == 0 || *numerator > *denominator) return std::nullopt;
  return Fraction{*numerator, *denominator};
}

std::optional<Fraction> read_percent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  std::optional<Fraction> share = read_decimal_share(text.substr(0, text.size() - 1));
  if (!share) return std::nullopt;
  share->denominator *= 100;
  if (share->numerator > share->denominator) return std::nullopt;
  return share;
}

std::string_view expected_percent(std::string_view text) {
  const bool percent = text.ends_with('%');
  return percent && is_too_fine(text.substr(0, text.size() - 1), 100) ? kTooFine : "a percentage up to 100%";
}

std::optional<Fraction> read_rate_text(std::string_view text) {
  const std::optional<Decimal> rate = read_decimal(text);
  if (!rate || !text.empty() || rate->decimals > kMostDecimalsOfRate || !is_rate(*rate)) return std::nullopt;
  return fraction_of(*rate);
}

std::string_view expected_rate(std::string_view text) {
  const std::optional<Decimal> rate = read_decimal(text);
  if (!rate || !text.empty() || rate->digits == 0) return "a number above 0";
  if (!is_rate(*rate)) return "a number below 10^9";
  return rate->decimals > kMostDecimalsOfRate ? "at most nine decimals" : "a number above 0";
}

std::string percent_text(const Fraction& share) {
  const Count tenths = (share.numerator * 2000 + share.denominator) / (2 * share.denominator);
  std::string text = to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + to_string(tenths % 10);
  return text + "%";
}

}  // namespace ctxcost
