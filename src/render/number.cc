#include "number.h"

#include "core/format.h"

namespace ctxcost {

void write_double(Writer& out, double value) {
  // Whole ratios, the usual ones, in a tenth of the time; fmt goes over to exponents at 1e16.
  if (value >= 0 && value < 1e15 && value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return out.digits(static_cast<std::int64_t>(value));
  }
  out.text(format("{}", value));
}

std::string decimal_text(const Percent& percent) {
  return (percent.negative ? "-" : "") + to_string(percent.tenths / 10) + "." + to_string(percent.tenths % 10);
}

}  // namespace ctxcost
