#include "ctxcost/core/lengths.h"

#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;

namespace {

std::string listed(const LengthList& list) {
  std::string text;
  for (const Count value : list) text += (text.empty() ? "" : " ") + to_string(value);
  return text;
}

std::string fault(std::string_view text, Count minimum = 0) {
  try {
    parse_lengths(text, "--context", minimum);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no fault";
}

}  // namespace

TEST_CASE("lengths, lists and ranges hold the points they reach") {
  struct Row {
    const char* text;
    const char* points;
  };
  const Row rows[] = {
      {"1K", "1024"},
      {"1M", "1048576"},
      {"1k", "1000"},
      {"1m", "1000000"},
      {"128000", "128000"},
      {"0", "0"},
      {"1K,4K,16K", "1024 4096 16384"},
      {"4K,1K,4K", "4096 1024 4096"},
      {"1K..8K", "1024 2048 4096 8192"},
      {"1K..9K", "1024 2048 4096 8192"},  // the end only if reached
      {"1K..1K", "1024"},
      {"1K..1M:x4", "1024 4096 16384 65536 262144 1048576"},
      {"1..100:x10", "1 10 100"},
      {"1000..4000:+1000", "1000 2000 3000 4000"},
      {"1000..4500:+1k", "1000 2000 3000 4000"},
      {"0..3:+1", "0 1 2 3"},
      {"7,1..4,9..10:+1", "7 1 2 4 9 10"},
      {"340282366920938463463374607431768211455", "340282366920938463463374607431768211455"},
  };
  for (const Row& row : rows) {
    const LengthList list = parse_lengths(row.text, "--context");
    CHECK(listed(list) == row.points);
  }
  CHECK(listed(default_contexts()) == "1024 4096 16384 65536 131072 1048576");
}

TEST_CASE("a range that ends at the largest count ends there") {
  const LengthList list = parse_lengths("1..340282366920938463463374607431768211455", "--context");
  CHECK(list.size() == 128);
  CHECK(list.largest() == Count::from_raw(Uint128{1} << 127));
}

TEST_CASE("ten million points take no room, and size agrees with counting them") {
  const LengthList list = parse_lengths("1..10000000:+1", "--context");
  CHECK(list.size() == 10000000);
  CHECK(list.smallest() == 1);
  CHECK(list.largest() == 10000000);
  for (const char* text : {"1K..1M", "5..99:+7", "3..1000:x3,8,1..5:+2"}) {
    const LengthList some = parse_lengths(text, "--context");
    Count points = 0, least = some.largest(), most = 0;
    for (const Count value : some) {
      points += 1;
      least = min(least, value);
      most = max(most, value);
    }
    CHECK(some.size() == points);
    CHECK(some.smallest() == least);
    CHECK(some.largest() == most);
  }
}

TEST_CASE("what is no length is refused in one line, with what may have been meant") {
  const std::string help = "(write 4096, 4K (4,096), 4k (4,000), 1M (1,048,576) or 1m (1,000,000))";
  CHECK(fault("1kb") == R"(--context: expected a length, found "1kb"; did you mean "1k"?)");
  CHECK(fault("4KiB") == R"(--context: expected a length, found "4KiB"; did you mean "4K"?)");
  CHECK(fault("1.5K") == R"(--context: expected a length, found "1.5K"; did you mean "1536"?)");
  CHECK(fault("2.0k") == R"(--context: expected a length, found "2.0k"; did you mean "2k"?)");
  CHECK(fault("1.3K") == R"(--context: expected a length, found "1.3K" (a length is a whole number of tokens))");
  CHECK(fault("128_000") == R"(--context: expected a length, found "128_000"; did you mean "128000"?)");
  CHECK(fault("128,000") ==
        R"(--context: expected a length, found "000" (write 128000 without separators or leading zeros))");
  const std::pair<const char*, const char*> units[] = {
      {"4Ki", "4K"},     {"4Mi", "4M"},      {"4MiB", "4M"},      {"4Kb", "4K"},    {"4KB", "4K"},
      {"4Mb", "4M"},     {"4MB", "4M"},      {"4kB", "4k"},       {"4mb", "4m"},    {"4 K", "4K"},
      {"+4K", "4K"},     {"4_096", "4096"},  {"4.0", "4"},        {"4tokens", "4"}, {"4Ktokens", "4K"},
      {"4 tokens", "4"}, {"0.5M", "524288"}, {"1.5m", "1500000"}, {"2.5", ""},      {"0.0001k", ""},
  };
  for (const auto& [text, meant] : units) {
    const std::string hint =
        *meant == '\0' ? " (a length is a whole number of tokens)" : "; did you mean \"" + std::string(meant) + "\"?";
    CHECK(fault(text) == "--context: expected a length, found \"" + std::string(text) + "\"" + hint);
  }
  CHECK(fault("..8K") == R"(--context: expected a range FIRST..LAST, found "..8K" (1K..1M doubles, 1K..9K:+1K adds))");
  CHECK(fault("1K..8K:x") ==
        R"(--context: expected :xFACTOR or :+STEP after the range, found "x" (1K..1M:x4 or 1000..9000:+1000))");
  CHECK(fault("1K-4K") == R"(--context: expected a length, found "1K-4K"; did you mean "1K..4K"?)");
  CHECK(fault("abc") == R"(--context: expected a length, found "abc" )" + help);
  CHECK(fault("-5") == R"(--context: expected a length, found "-5" )" + help);
  CHECK(fault("1G") == R"(--context: expected a length, found "1G" )" + help);
  CHECK(fault("") == R"(--context: expected a length, found nothing in "" (4K or 1K,4K or 1K..1M))");
  CHECK(fault("1K,,4K") == R"(--context: expected a length, found nothing in "1K,,4K" (4K or 1K,4K or 1K..1M))");
  CHECK(fault("1K..") == R"(--context: expected a range FIRST..LAST, found "1K.." (1K..1M doubles, 1K..9K:+1K adds))");
  CHECK(fault("8K..1K") == R"(--context: the range "8K..1K" ends below its start (the smaller length comes first))");
  CHECK(fault("1K..8K:4") ==
        R"(--context: expected :xFACTOR or :+STEP after the range, found "4" (1K..1M:x4 or 1000..9000:+1000))");
  CHECK(fault("1K..8K:x1") == R"(--context: the factor of "1K..8K:x1" is below 2 (a factor is at least 2))");
  CHECK(fault("1K..8K:+0") == R"(--context: the step of "1K..8K:+0" is 0 (a step is at least 1))");
  CHECK(fault("0..8K") == R"(--context: the range "0..8K" multiplies 0 (start at 1 or more))");
  CHECK(fault("0", 1) == R"(--context: expected an integer of at least 1, found "0")");
  CHECK(fault("340282366920938463463374607431768211456") ==
        R"(--context: the length "340282366920938463463374607431768211456" does not fit 128 bits)");
  CHECK(fault("340282366920938463463374607431768211455K") ==
        R"(--context: the length "340282366920938463463374607431768211455K" does not fit 128 bits)");
}

TEST_CASE("a label is short only where that is exact") {
  CHECK(length_label(0) == "0");
  CHECK(length_label(1000) == "1000");
  CHECK(length_label(1024) == "1K");
  CHECK(length_label(131072) == "128K");
  CHECK(length_label(128000) == "125K");
  CHECK(length_label(100000) == "100000");
  CHECK(length_label(1048576) == "1M");
  CHECK(length_label(1572864) == "1536K");
}

TEST_CASE("a part of a list is its points from one index to another") {
  const LengthList list = parse_lengths("1K..8K,10..30:+5,7", "test");
  CHECK(listed(list) == "1024 2048 4096 8192 10 15 20 25 30 7");
  CHECK(list.size() == 10U);
  CHECK(listed(list.part(0, 10)) == listed(list));
  CHECK(listed(list.part(0, 0)).empty());
  CHECK(listed(list.part(2, 6)) == "4096 8192 10 15");
  CHECK(listed(list.part(5, 8)) == "15 20 25");
  CHECK(listed(list.part(8, 10)) == "30 7");
  CHECK(listed(list.part(9, 10)) == "7");
}
