#include "number.h"

#include <fmt/format.h>

namespace ctxcost {

void write_double(Writer& out, double value) {
  // Whole ratios, the usual ones, in a tenth of the time; fmt goes over to exponents at 1e16.
  if (value >= 0 && value < 1e15 && value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return out.digits(static_cast<std::int64_t>(value));
  }
  char text[32];  // 17 digits, a sign, a point and an exponent at most
  char* const end = fmt::format_to(text, "{}", value);
  out.text({text, static_cast<std::size_t>(end - text)});
}

}  // namespace ctxcost
