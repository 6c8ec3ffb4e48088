#include "ctxcost/core/units.h"

#include <doctest/doctest.h>

using namespace ctxcost;

namespace {

constexpr Count kMost = Count::from_raw(~Uint128{0});

/// 10^exponent
Count ten_to(int exponent) {
  Count result = 1;
  for (int i = 0; i < exponent; ++i) result *= 10;
  return result;
}

}  // namespace

TEST_CASE("the article's cells are shown to the character") {
  // docs/cost-model.md section 2.1: scores, FLOPs of a layer, KV bytes, and their cells.
  struct Row {
    Count scores;
    const char* scores_cell;
    Count flops;
    const char* flops_cell;
    Count bytes;
    const char* bytes_cell;
  };
  const Row rows[] = {
      {1048576, "1.0M", 8589934592, "8.6 GigaFLOPs", 536870912, "536.9 MB"},
      {16777216, "16.8M", 137438953472, "137.4 GigaFLOPs", 2147483648, "2.1 GB"},
      {268435456, "268.4M", 2199023255552, "2.2 TeraFLOPs", 8589934592, "8.6 GB"},
      {4294967296, "4.3B", 35184372088832, "35.2 TeraFLOPs", 34359738368, "34.4 GB"},
      {17179869184, "17.2B", 140737488355328, "140.7 TeraFLOPs", 68719476736, "68.7 GB"},
      {1099511627776, "1.1T", 9007199254740992, "9.0 PetaFLOPs", 549755813888, "549.8 GB"},
      // n = 128,000
      {16384000000, "16.4B", 134217728000000, "134.2 TeraFLOPs", 67108864000, "67.1 GB"},
  };
  for (const Row& row : rows) {
    CHECK(short_count(row.scores) == row.scores_cell);
    CHECK(short_work(row.flops, "FLOPs") == row.flops_cell);
    CHECK(short_bytes(row.bytes, UnitSystem::si) == row.bytes_cell);
  }
  CHECK(short_bytes(536870912, UnitSystem::iec) == "512.00 MiB");
  CHECK(short_bytes(549755813888, UnitSystem::iec) == "512.00 GiB");
  CHECK(short_bytes(524288000000, UnitSystem::iec) == "488.28 GiB");  // one million tokens
}

TEST_CASE("rounding is half up on the integer: to one decimal, binary units to two") {
  struct Row {
    Count value;
    const char* si;
    const char* iec;
  };
  const Row rows[] = {
      {0, "0 B", "0 B"},
      {1, "1 B", "1 B"},
      {999, "999 B", "999 B"},
      {1000, "1.0 KB", "1000 B"},
      {1023, "1.0 KB", "1023 B"},
      {1024, "1.0 KB", "1.00 KiB"},
      {1029, "1.0 KB", "1.00 KiB"},  // 1.00488 KiB
      {1030, "1.0 KB", "1.01 KiB"},  // 1.00586 KiB
      {1049, "1.0 KB", "1.02 KiB"},
      {1050, "1.1 KB", "1.03 KiB"},
      {1126, "1.1 KB", "1.10 KiB"},  // 1.09961 KiB: both decimals stay
      {1149, "1.1 KB", "1.12 KiB"},
      {1150, "1.2 KB", "1.12 KiB"},
      {1152, "1.2 KB", "1.13 KiB"},  // 1.125 KiB: half up
      {250000, "250.0 KB", "244.14 KiB"},
      {999949, "999.9 KB", "976.51 KiB"},
      {999950, "1.0 MB", "976.51 KiB"},     // rounds to 1000.0: the next unit
      {1048570, "1.0 MB", "1,023.99 KiB"},  // 1023.9941 KiB
      {1048571, "1.0 MB", "1.00 MiB"},      // 1023.9951 KiB rounds to 1024.00
  };
  for (const Row& row : rows) {
    CHECK(short_bytes(row.value, UnitSystem::si) == row.si);
    CHECK(short_bytes(row.value, UnitSystem::iec) == row.iec);
  }
  // These two are the same double.
  CHECK(short_work(ten_to(22) * 995 - 1, "FLOPs") == "9.9 YottaFLOPs");
  CHECK(short_work(ten_to(22) * 995, "FLOPs") == "10.0 YottaFLOPs");
}

TEST_CASE("every power of a thousand has its prefix, and past the last one the number grows") {
  const char* const prefixes[] = {"Kilo", "Mega", "Giga", "Tera", "Peta", "Exa", "Zetta", "Yotta", "Ronna", "Quetta"};
  for (int i = 0; i < 10; ++i) {
    CHECK(short_work(ten_to(3 * (i + 1)), "FLOPs") == std::string("1.0 ") + prefixes[i] + "FLOPs");
  }
  CHECK(short_work(ten_to(33), "FLOPs") == "1,000.0 QuettaFLOPs");
  CHECK(short_work(512, "MACs") == "512 MACs");
  // Counts go by letters; from 10^15 on by those of SI's prefixes.
  const char* const letters[] = {"K", "M", "B", "T", "P", "E", "Z", "Y", "R", "Q"};
  for (int i = 0; i < 10; ++i) CHECK(short_count(ten_to(3 * (i + 1))) == std::string("1.0") + letters[i]);
  CHECK(short_count(1234567890123456) == "1.2P");
  CHECK(short_count(999949999999999) == "999.9T");
  CHECK(short_count(999950000000000) == "1.0P");  // rounds to 1000.0: the next letter
  // 2^128 - 1 = 340,282,366,920,938,463,463,374,607,431,768,211,455
  // Around 2^54, from which on values are divided in 128 bits.
  for (const Count value : {Count(18014398509481983), Count(18014398509481984), Count(18014398509481985)}) {
    CHECK(short_count(value) == "18.0P");
    CHECK(short_bytes(value, UnitSystem::iec) == "16.00 PiB");
  }
  CHECK(to_string(Count(10000000000000000000U) * 7) == "70000000000000000000");
  CHECK(short_bytes(kMost, UnitSystem::si) == "340,282,366.9 QB");
  CHECK(short_bytes(kMost, UnitSystem::iec) == "268,435,456.00 QiB");
}

TEST_CASE("separators stand between groups of three") {
  CHECK(with_separators(0) == "0");
  CHECK(with_separators(999) == "999");
  CHECK(with_separators(1000) == "1,000");
  CHECK(with_separators(1048576) == "1,048,576");
  CHECK(with_separators(kMost) == "340,282,366,920,938,463,463,374,607,431,768,211,455");
}

TEST_CASE("times have four digits, and whole seconds where there are more") {
  CHECK(short_seconds(0) == "0 ns");
  CHECK(short_seconds(2.5e-9) == "2.5 ns");
  CHECK(short_seconds(0.0048014) == "4.801 ms");
  CHECK(short_seconds(1) == "1 s");
  CHECK(short_seconds(12.5) == "12.5 s");
  CHECK(short_seconds(9999.4) == "9999 s");
  CHECK(short_seconds(9999.5) == "10,000 s");
  CHECK(short_seconds(12345.6) == "12,346 s");
  CHECK(short_seconds(31557600) == "31,557,600 s");  // a year of 365.25 days
  CHECK(short_seconds(1e17) == "100,000,000,000,000,000 s");
  CHECK(short_seconds(2e18) == "2e+18 s");
}

TEST_CASE("ratios are exact where they are whole") {
  CHECK(short_ratio(16, 1) == "16x");
  CHECK(short_ratio(17179869184, 1048576) == "16,384x");  // 128 times the tokens
  CHECK(short_ratio(3, 2) == "1.5x");
  CHECK(short_ratio(100, 3) == "33.3x");
  CHECK(short_ratio(1, 16) == "0.1x");  // 0.0625
  CHECK(short_ratio(1, 1024) == "<0.1x");
  CHECK(short_ratio(0, 7) == "0x");
  CHECK(short_ratio(7, 0) == "–");
  CHECK(short_ratio(kMost, kMost) == "1x");
  CHECK(short_ratio(kMost, kMost - 1) == "1.0x");
  CHECK(short_ratio(kMost - 1, kMost) == "1.0x");
  CHECK(short_ratio(kMost, 2) == "170,141,183,460,469,231,731,687,303,715,884,105,727x");
}
