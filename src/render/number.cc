#include "number.h"

#include <algorithm>
#include <charconv>

#include "core/format.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

void write_double(Writer& out, double value) {
  // Whole ratios, the usual ones, in a tenth of the time; fmt goes over to exponents at 1e16.
  if (value >= 0 && value < 1e15 && value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return out.digits(static_cast<std::int64_t>(value));
  }
  char* const to = out.room(kMostReal);
  out.advance(static_cast<std::size_t>(write_shortest(to, value) - to));
}

std::string decimal_text(const Percent& percent) {
  return (percent.negative ? "-" : "") + to_string(percent.tenths / 10) + "." + to_string(percent.tenths % 10);
}

std::string grouped_real(double value, int decimals) {
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals).ptr;
  const std::string text(buffer, end);
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::optional<Count> whole = parse_digits(text.substr(0, point));
  return whole ? with_separators(*whole) + text.substr(point) : text;
}

}  // namespace ctxcost
