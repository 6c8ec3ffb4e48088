#include "ctxcost/core/fraction.h"

#include "ctxcost/core/diagnostic.h"
#include "divided.h"

namespace ctxcost {
namespace {

constexpr std::size_t kMostDecimalsOfShare = 6;

/// Reads digits with at most six decimals, of any value.
std::optional<Fraction> read_decimal_share(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view decimals = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (decimals.size() > kMostDecimalsOfShare) return std::nullopt;
  const std::optional<Count> digits = parse_digits(std::string(whole) + std::string(decimals));
  if (!digits) return std::nullopt;
  Fraction fraction{*digits, 1};
  for (std::size_t i = 0; i < decimals.size(); ++i) fraction.denominator *= 10;
  return fraction;
}

}  // namespace

Fraction parse_fraction(std::string_view text, std::string_view source) {
  const std::optional<Fraction> fraction = read_decimal_share(text);
  if (!fraction || fraction->numerator == 0 || fraction->numerator > fraction->denominator) {
    const bool percent = text.ends_with('%');
    throw InputError(Diagnostic{std::string(source), "",
                                "expected a decimal above 0 and at most 1, found \"" + std::string(text) + "\"",
                                percent ? "write 0.9 for 90%" : ""});
  }
  return *fraction;
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

std::string percent_text(const Fraction& share) {
  const Count tenths = (share.numerator * 2000 + share.denominator) / (2 * share.denominator);
  std::string text = to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + to_string(tenths % 10);
  return text + "%";
}

}  // namespace ctxcost
