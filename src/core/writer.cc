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

constexpr std::uint32_t kTenTo4 = 10'000;
constexpr std::uint32_t kTenTo8 = 100'000'000;
constexpr std::uint64_t kTenTo16 = 10'000'000'000'000'000U;

/// Writes exactly four digits.
void write_four(char* to, std::uint32_t value) { std::memcpy(to, kFourDigits.text + std::size_t{4} * value, 4); }

/// Writes exactly eight digits. The two halves do not wait for each other.
void write_eight(char* to, std::uint32_t value) {
  write_four(to, value / kTenTo4);
  write_four(to + 4, value % kTenTo4);
}

/// Writes the digits of a value below 10^4, and up to three characters behind them. Returns the end of the digits.
char* write_below_four(char* to, std::uint32_t value) {
  const std::uint32_t zeros = (value < 10 ? 1U : 0U) + (value < 100 ? 1U : 0U) + (value < 1000 ? 1U : 0U);
  // The entry of 9999, the last one, has no leading zeros.
  std::memcpy(to, kFourDigits.text + std::size_t{4} * value + zeros, 4);
  return to + (4 - zeros);
}

char* write_below_eight(char* to, std::uint32_t value) {
  if (value < kTenTo4) return write_below_four(to, value);
  to = write_below_four(to, value / kTenTo4);
  write_four(to, value % kTenTo4);
  return to + 4;
}

char* write_u64(char* to, std::uint64_t value) {
  if (value < kTenTo8) return write_below_eight(to, static_cast<std::uint32_t>(value));
  if (value < kTenTo16) {
    to = write_below_eight(to, static_cast<std::uint32_t>(value / kTenTo8));
  } else {
    to = write_below_four(to, static_cast<std::uint32_t>(value / kTenTo16));
    write_eight(to, static_cast<std::uint32_t>(value / kTenTo8 % kTenTo8));
    to += 8;
  }
  write_eight(to, static_cast<std::uint32_t>(value % kTenTo8));
  return to + 8;
}

/// Writes exactly 19 digits.
void write_nineteen(char* to, std::uint64_t value) {
  const auto high = static_cast<std::uint32_t>(value / kTenTo16);
  std::memcpy(to, kFourDigits.text + std::size_t{4} * high + 1, 3);
  write_eight(to + 3, static_cast<std::uint32_t>(value / kTenTo8 % kTenTo8));
  write_eight(to + 11, static_cast<std::uint32_t>(value % kTenTo8));
}

/// Digits of more than 64 bits. Apart, so that all others need no registers kept for it.
[[gnu::noinline]] char* write_wide(char* to, Count value) {
  const Uint128 high = value.raw() / kTenTo19;
  const auto low = static_cast<std::uint64_t>(value.raw() - high * kTenTo19);
  to = write_digits(to, Count::from_raw(high));  // one digit more than 64 bits hold at most
  write_nineteen(to, low);
  return to + 19;
}

}  // namespace

char* write_digits(char* to, Count value) {
  if (!value.fits_u64()) return write_wide(to, value);
  return write_u64(to, static_cast<std::uint64_t>(value.raw()));
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
