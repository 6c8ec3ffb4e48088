#include "ctxcost/writer.h"

namespace ctxcost {
namespace {

constexpr std::size_t kMostDigits = 39;  // of 2^128 - 1
constexpr std::uint64_t kTenTo19 = 10'000'000'000'000'000'000U;

struct DigitPairs {
  char text[200];
  constexpr DigitPairs() : text() {
    for (int i = 0; i < 100; ++i) {
      text[2 * i] = static_cast<char>('0' + i / 10);
      text[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr DigitPairs kPairs;

/// Writes the digits of `value` so that they end at `end`; returns where they start.
char* digits_before(char* end, std::uint64_t value) {
  while (value >= 100) {
    end -= 2;
    std::memcpy(end, kPairs.text + 2 * (value % 100), 2);
    value /= 100;
  }
  if (value >= 10) {
    end -= 2;
    std::memcpy(end, kPairs.text + 2 * value, 2);
  } else {
    *--end = static_cast<char>('0' + value);
  }
  return end;
}

}  // namespace

void Writer::digits(Count value) {
  char text[kMostDigits];
  char* const end = text + kMostDigits;
  char* first = end;
  Uint128 rest = value.raw();
  while (rest > UINT64_MAX) {
    const Uint128 high = rest / kTenTo19;
    char* const wanted = first - 19;
    first = digits_before(first, static_cast<std::uint64_t>(rest - high * kTenTo19));
    while (first > wanted) *--first = '0';
    rest = high;
  }
  first = digits_before(first, static_cast<std::uint64_t>(rest));
  this->text({first, static_cast<std::size_t>(end - first)});
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
