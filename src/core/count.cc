#include "ctxcost/core/count.h"

namespace ctxcost {

void throw_overflow(const char* operation) { throw CountOverflow(operation); }

std::string to_string(Count value) {
  char digits[40];
  char* const end = digits + sizeof digits;
  char* first = end;
  Uint128 rest = value.raw();
  // Divisions of 128 bits are slow: one gives 19 digits.
  constexpr std::uint64_t kNineteenDigits = 10'000'000'000'000'000'000U;
  while (rest > UINT64_MAX) {
    auto low = static_cast<std::uint64_t>(rest % kNineteenDigits);
    rest /= kNineteenDigits;
    for (int i = 0; i < 19; ++i) {
      *--first = static_cast<char>('0' + low % 10);
      low /= 10;
    }
  }
  auto small = static_cast<std::uint64_t>(rest);
  do {
    *--first = static_cast<char>('0' + small % 10);
    small /= 10;
  } while (small != 0);
  return {first, end};
}

std::optional<Count> parse_digits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Uint128 value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, Uint128{10}, &value)) return std::nullopt;
    if (__builtin_add_overflow(value, static_cast<Uint128>(c - '0'), &value)) return std::nullopt;
  }
  return Count::from_raw(value);
}

}  // namespace ctxcost
