#include "ctxcost/core/writer.h"

namespace ctxcost {
namespace {

constexpr std::uint64_t kTenTo19 = 10'000'000'000'000'000'000U;

/// The digits of 0000 to 9999.
struct FourDigits {
  char text[40000];
  constexpr FourDigits() : text() {
    for (int i = 0; i < 10000; ++i) {
      int rest = i;
      for (int place = 3; place >= 0; --place, rest /= 10) text[4 * i + place] = static_cast<char>('0' + rest % 10);
    }
  }
};
constexpr FourDigits kFourDigits;

constexpr struct PowersOfTen {
  std::uint64_t of[20];
  constexpr PowersOfTen() : of() {
    std::uint64_t power = 1;
    for (std::uint64_t& value : of) {
      value = power;
      power *= 10;
    }
  }
} kPowers;

int digit_count(std::uint64_t value) {
  // 1233 / 4096 is log10(2); the guess is right or one too small.
  const int bits = 64 - __builtin_clzll(value | 1);
  const int guess = bits * 1233 >> 12;
  return guess + (value >= kPowers.of[guess] ? 1 : 0) + (value == 0 ? 1 : 0);
}

/// Writes the last `count` digits of `value`, leading zeros among them.
void write_places(char* to, std::uint64_t value, int count) {
  while (count >= 4) {
    count -= 4;
    std::memcpy(to + count, kFourDigits.text + 4 * (value % 10000), 4);
    value /= 10000;
  }
  while (count > 0) {
    to[--count] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

char* write_u64(char* to, std::uint64_t value) {
  const int count = digit_count(value);
  write_places(to, value, count);
  return to + count;
}

}  // namespace

char* write_digits(char* to, Count value) {
  if (value.fits_u64()) return write_u64(to, static_cast<std::uint64_t>(value.raw()));
  const Uint128 high = value.raw() / kTenTo19;
  const auto low = static_cast<std::uint64_t>(value.raw() - high * kTenTo19);
  to = write_digits(to, Count::from_raw(high));  // one digit more than 64 bits hold at most
  write_places(to, low, 19);
  return to + 19;
}

void Writer::flush() {
  const std::size_t size = used_;
  used_ = 0;
  if (size > 0) sink_->write({buffer_.get(), size});
}

void Writer::text_beyond(std::string_view bytes) {
  flush();
  if (bytes.size() > kCapacity) return sink_->write(bytes);
  std::memcpy(buffer_.get(), bytes.data(), bytes.size());
  used_ = bytes.size();
}

}  // namespace ctxcost
