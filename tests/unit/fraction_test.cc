#include "ctxcost/core/fraction.h"

#include <doctest/doctest.h>

#include "ctxcost/core/diagnostic.h"

using namespace ctxcost;

TEST_CASE("a share is a number with at most six decimals, however it is written") {
  struct Row {
    const char* text;
    Fraction share;
  };
  for (const Row& row : {Row{"0.9", {9, 10}}, Row{"1", {1, 1}}, Row{"0.90", {9, 10}}, Row{".9", {9, 10}},
                         Row{"1.0000000", {1, 1}}, Row{"9e-1", {9, 10}}, Row{"1E-06", {1, 1'000'000}},
                         Row{"0.123456", {123'456, 1'000'000}}, Row{"0.1234560", {123'456, 1'000'000}}}) {
    CAPTURE(row.text);
    CHECK(parse_fraction(row.text, "test") == row.share);
  }
  CHECK(parse_fraction("0.9", "test").of(81559) == Count{73403});
  CHECK(parse_fraction(".5", "test").of(9) == Count{4});
  constexpr std::string_view kNoShare = "a number above 0 and at most 1";
  constexpr std::string_view kTooFine = "at most six decimals";
  struct Wrong {
    const char* text;
    std::string_view expected;
  };
  for (const Wrong& row :
       {Wrong{"0", kNoShare}, Wrong{"0.00", kNoShare}, Wrong{"1.1", kNoShare}, Wrong{"", kNoShare},
        Wrong{".", kNoShare}, Wrong{"..9", kNoShare}, Wrong{"-0.5", kNoShare}, Wrong{"90%", kNoShare},
        Wrong{"nan", kNoShare}, Wrong{"0,9", kNoShare}, Wrong{"1.0000001", kNoShare}, Wrong{"0.1234567x", kNoShare},
        Wrong{"0.1234567", kTooFine}, Wrong{"0.30000000000000004", kTooFine}, Wrong{"1e-7", kTooFine}}) {
    CAPTURE(row.text);
    CHECK(expected_share(row.text) == row.expected);
    CHECK_THROWS_AS(static_cast<void>(parse_fraction(row.text, "test")), InputError);
  }
  CHECK(read_percent("7.5%") == Fraction{75, 1'000});
  CHECK(read_percent("1e2%") == Fraction{100, 100});
  CHECK_FALSE(read_percent("100.5%"));
  CHECK(expected_percent("100.5%") == "a percentage up to 100%");
  CHECK(expected_percent("99.9999999%") == kTooFine);
  CHECK(expected_percent("0.1234567") == "a percentage up to 100%");
}
