#include "decimal.h"

#include <charconv>
#include <string>

#include "character.h"

namespace ctxcost {

double Decimal::to_double() const {
  // Through the text, so that the result is the nearest double.
  const std::string text = to_string(digits) + "e-" + std::to_string(decimals);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<Decimal> read_decimal(std::string_view& text) {
  constexpr int kMostExponent = 60;
  std::size_t at = 0;
  std::string digits;
  std::size_t fraction = 0;
  while (at < text.size() && is_digit(text[at])) digits += text[at++];
  if (digits.empty()) return std::nullopt;
  if (at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) {
    for (++at; at < text.size() && is_digit(text[at]); ++at, ++fraction) digits += text[at];
  }
  int exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t start = at + 1;
    if (start < text.size() && text[start] == '+') ++start;
    const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), exponent);
    // "5 EB" and "5E" have no exponent.
    if (error == std::errc() && end != text.data() + start) {
      at = static_cast<std::size_t>(end - text.data());
    } else {
      exponent = 0;
    }
  }
  if (exponent > kMostExponent || exponent < -kMostExponent) return std::nullopt;
  // Trailing zeros after the point do not count.
  while (fraction > 0 && digits.ends_with('0')) {
    digits.pop_back();
    --fraction;
  }
  const int decimals = static_cast<int>(fraction) - exponent;
  if (decimals < 0) digits.append(static_cast<std::size_t>(-decimals), '0');
  const std::optional<Count> value = parse_digits(digits);
  constexpr int kMostDecimals = 38;  // 10^38 is the largest power of ten below 2^128
  if (!value || decimals > kMostDecimals) return std::nullopt;
  text.remove_prefix(at);
  return Decimal{*value, static_cast<std::uint32_t>(decimals < 0 ? 0 : decimals)};
}

}  // namespace ctxcost
