#include "core/quantity.h"

#include <doctest/doctest.h>

using namespace ctxcost;

TEST_CASE("quantities are exact integers of their unit") {
  struct Row {
    const char* text;
    Unit unit;
    const char* down;  ///< empty where it is no quantity of that unit
    const char* up;
  };
  const Row rows[] = {
      {"72GiB", Unit::bytes, "77309411328", "77309411328"},  // 72 * 2^30
      {"24 GB", Unit::bytes, "24000000000", "24000000000"},
      {"72.3GiB", Unit::bytes, "77631533875", "77631533876"},  // 77,631,533,875.2
      {"0.1 KB", Unit::bytes, "100", "100"},
      {"16EiB", Unit::bytes, "18446744073709551616", "18446744073709551616"},  // 2^64
      {"1e3", Unit::bytes, "1000", "1000"},
      {"1.5e3 B", Unit::bytes, "1500", "1500"},
      {"5 EB", Unit::bytes, "5000000000000000000", "5000000000000000000"},
      {"512", Unit::bytes, "512", "512"},
      {"0.5", Unit::bytes, "", ""},
      {"2G", Unit::bytes, "2000000000", "2000000000"},
      {"2GB", Unit::bytes, "2000000000", "2000000000"},
      {"2gb", Unit::bytes, "2000000000", "2000000000"},
      {"72Gb", Unit::bytes, "72000000000", "72000000000"},
      {"2Gi", Unit::bytes, "2147483648", "2147483648"},  // 2^31
      {"2GiB", Unit::bytes, "2147483648", "2147483648"},
      {"2 gib", Unit::bytes, "2147483648", "2147483648"},
      {"3k", Unit::bytes, "3000", "3000"},
      {"3KI", Unit::bytes, "3072", "3072"},
      {"3m", Unit::bytes, "3000000", "3000000"},
      {"3miB", Unit::bytes, "3145728", "3145728"},
      {"1T", Unit::bytes, "1000000000000", "1000000000000"},
      {"1tib", Unit::bytes, "1099511627776", "1099511627776"},
      {"1.5Gi", Unit::bytes, "1610612736", "1610612736"},  // 3 * 2^29
      {"7b", Unit::bytes, "7", "7"},
      {"2Gib2", Unit::bytes, "", ""},
      {"2iB", Unit::bytes, "", ""},
      {"2GBB", Unit::bytes, "", ""},
      {"20ms", Unit::bytes, "", ""},
      {"GiB", Unit::bytes, "", ""},
      {"-1", Unit::bytes, "", ""},
      {"1.", Unit::bytes, "", ""},
      {"1e99", Unit::bytes, "", ""},
      {"", Unit::bytes, "", ""},
      {"1.5 PFLOPs", Unit::flops, "1500000000000000", "1500000000000000"},
      {"8.6 GigaFLOPs", Unit::flops, "8600000000", "8600000000"},
      {"2T", Unit::flops, "2000000000000", "2000000000000"},
      {"2 MACs", Unit::macs, "2", "2"},
      {"2 MACs", Unit::flops, "", ""},
      {"2GB", Unit::flops, "", ""},
      {"2 PFLOP/s", Unit::flops, "", ""},
      {"8B", Unit::parameters, "8000000000", "8000000000"},
      {"1.25K", Unit::pairs, "1250", "1250"},
      {"64K", Unit::tokens, "65536", "65536"},
      {"64k", Unit::tokens, "64000", "64000"},
      {"3", Unit::sequences, "3", "3"},
      {"3K", Unit::sequences, "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto text = [](std::optional<Count> count) { return count ? to_string(*count) : std::string(); };
    CHECK(text(parse_quantity(row.text, row.unit, Rounding::down)) == row.down);
    CHECK(text(parse_quantity(row.text, row.unit, Rounding::up)) == row.up);
  }
}

TEST_CASE("a size in digits alone below 1 MiB lacks its unit") {
  for (const char* text : {"1", "2", "1048575"}) CHECK(lacks_unit(text, *parse_digits(text)));
  for (const char* text : {"0", "1048576", "80000000000"}) CHECK_FALSE(lacks_unit(text, *parse_digits(text)));
  CHECK_FALSE(lacks_unit("2B", 2));
  CHECK_FALSE(lacks_unit("1KB", 1000));
}

TEST_CASE("times and ratios are the nearest doubles") {
  CHECK(parse_real("20ms", Unit::seconds) == 0.02);
  CHECK(parse_real("0.02", Unit::seconds) == 0.02);
  CHECK(parse_real("1.5 s", Unit::seconds) == 1.5);
  CHECK(parse_real("300us", Unit::seconds) == 0.0003);
  CHECK(parse_real("300µs", Unit::seconds) == 0.0003);
  CHECK(parse_real("2 min", Unit::seconds) == 120);
  CHECK(parse_real("4x", Unit::ratio) == 4);
  CHECK(parse_real("50 tokens/s", Unit::rate) == 50);
  CHECK(!parse_real("20GB", Unit::seconds));
  CHECK(!parse_real("4x", Unit::seconds));
  CHECK(!parse_real("fast", Unit::seconds));
}
