#include "ctxcost/core/writer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ctxcost;

namespace {

struct Collector : Sink {
  std::vector<std::string> pieces;
  void write(std::string_view bytes) override { pieces.emplace_back(bytes); }
  std::string all() const {
    std::string text;
    for (const std::string& piece : pieces) text += piece;
    return text;
  }
};

std::string digits(Count value) {
  char text[kMostDigits];
  return {text, write_digits(text, value)};
}

}  // namespace

TEST_CASE("digits are those of the plain loop, around every power of ten and of two") {
  const auto check = [](Count value) { CHECK(digits(value) == to_string(value)); };
  check(0);
  Count power = 1;
  for (int i = 0; i < 39; ++i) {
    check(power - 1);
    check(power);
    check(power + 1);
    check(power + 7 * (power / 9));
    if (i < 38) power *= 10;
  }
  for (int bit = 0; bit < 128; ++bit) {
    const Count two = Count::from_raw(Uint128{1} << bit);
    check(two - 1);
    check(two);
  }
  CHECK(digits(Count::from_raw(~Uint128{0})) == "340282366920938463463374607431768211455");
}

TEST_CASE("pieces arrive in order, whatever their size") {
  Collector collector;
  Writer writer(collector);
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    writer.text(piece);
    writer.character('|');
    writer.digits(i);
    expected += piece + "|" + std::to_string(i);
  }
  const std::string large(200000, 'x');
  writer.text(large);
  writer.repeat('-', 3);
  expected += large + "---";
  CHECK(collector.all() != expected);
  writer.flush();
  CHECK(collector.all() == expected);
  CHECK(collector.pieces.size() < 10);
}
