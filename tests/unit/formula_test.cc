// The language of formulas: precedence, rounding, sums, definitions and what is refused.
#include "ctxcost/core/formula.h"

#include <doctest/doctest.h>

#include "numbers.h"

using namespace ctxcost;

namespace {

Symbols symbols() {
  return {{"n", Count{10}},
          {"heads", Count{5}},
          {"d_k", Count{8}},
          {"d_v", Count{6}},
          {"window", Count{4}},
          {"attn_k.weight", Count{7}},
          {"vertical", std::vector<Count>{2, 9, 30}},
          {"slash", std::vector<Count>{0, 3, 5}}};
}

}  // namespace

TEST_CASE("formulas have the values of their arithmetic") {
  const struct {
    std::string formula;
    unsigned value;
  } rows[] = {
      {"7", 7},
      {"heads n (d_k + d_v)", 5 * 10 * 14},
      {"heads*n", 50},
      {"n (n + 1) / 2", 55},
      {"n / window", 2},
      {"ceil(n / window)", 3},
      {"ceil(8 / window)", 2},
      {"ceil(1 + n / window)", 4},
      {"ceil(n / window) heads", 15},
      {"floor(n / window) window", 8},
      {"2 n / window heads", 25},
      {"n mod window", 2},
      {"2 n mod window", 0},
      {"2^window", 16},
      {"2 2^log2(n)", 16},
      {"log2(1)", 0},
      {"tri(window) + (n - x) window where x = min(n, window)", 10 + 24},
      {"max(0, window - n)", 0},
      {"abs(window - n)", 6},
      {"min(n, window, 3)", 3},
      {"n <= window ? n n : n window", 40},
      {"window <= n ? window : n / 0", 4},
      {"1 = 1 and 2 > 3 or 4 >= 4", 1},
      {"sum(i < n: i + 1)", 55},
      {"sum(c of n by window: tri(c))", 10 + 10 + 3},
      {"sum(c, q of n by window: c q)", 0 + 4 + 4},
      {"max(i < n: i mod window)", 3},
      {"sum(v in vertical: max(0, n - v))", 8 + 1},
      {"sum(v in vertical: n - v + 20 in slash) + (3 in slash)", 2},
      {"n where n = 2", 2},
      {"a where a = b + 1, b = min(n, 3)", 4},
      {"sum(i < 3: a) where a = i n", 30},
      {"given(width, heads d_k) + given(window, 100)", 44},
      {"attn_k.weight", 7},
      {"sum(i < 0: i / 0)", 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.formula);
    CHECK(evaluate(row.formula, symbols()) == Count{row.value});
  }
}

TEST_CASE("what is no formula, or has no value, is refused") {
  for (const std::string formula :
       {"", "n +", "(n", "n)", "layers", "n / 0", "window - n", "vertical", "sum(n)", "a where a = a", "n where",
        "log2(0)", "n ? 1", "1 in n", "ceil(n)", "ceil(n / window + 1)", "n , 2"}) {
    CAPTURE(formula);
    CHECK_THROWS_AS(evaluate(formula, symbols()), FormulaError);
  }
  CHECK_THROWS_AS(evaluate("2^127", symbols()), CountOverflow);
  CHECK(evaluate("2^126", symbols()) == Count::from_raw(Uint128{1} << 126));
}

TEST_CASE("a formula in numbers has its words' values in their place, and the same value") {
  const Symbols values{{"n", Count{12345}}, {"w", Count{3}}, {"l", std::vector<Count>{1, 2}}};
  const std::pair<const char*, const char*> rows[] = {
      {"n w", "12,345 * 3"},
      {"2 n (w + 1)", "2 * 12,345 * (3 + 1)"},
      {"(n + 1) (w - 1)", "(12,345 + 1) * (3 - 1)"},
      {"min(n, w) w", "min(12,345, 3) * 3"},
      {"w min(n, w)", "3 * min(12,345, 3)"},
      {"n / w mod 7", "12,345 / 3 mod 7"},
      {"n <= w ? 1 : 2 w", "12,345 <= 3 ? 1 : 2 * 3"},
      {"sum(v in l: v w)", "sum(v in l: v * 3)"},
      {"sum(c, q of n by w: c q)", "sum(c, q of 12,345 by 3: c * q)"},
      {"tri(x) where x = min(n, w)", "tri(x) where x = min(12,345, 3)"},
      {"w given(n, 2 w) 2", "3 * 12,345 * 2"},
      {"w given(m, 2 w) 2", "3 * (2 * 3) * 2"},
      {"ceil(n / w) w", "ceil(12,345 / 3) * 3"},
  };
  for (const auto& row : rows) {
    const auto& [formula, numbers] = row;
    CAPTURE(row.first);
    const std::string written = substituted(formula, values);
    CHECK(written == numbers);
    const Symbols lists{{"l", std::vector<Count>{1, 2}}};
    CHECK(evaluate(test::without_separators(written), lists) == evaluate(formula, values));
  }
}

TEST_CASE("a formula is not run for ever") {
  CHECK(evaluate("sum(i < n: 1)", {{"n", Count{1048576}}}) == Count{1048576});
  CHECK_THROWS_AS(evaluate("sum(i < n: 1)", {{"n", Count{4000000}}}), FormulaError);
  CHECK_THROWS_AS(evaluate("sum(i < n: sum(j < n: 1))", {{"n", Count{20000}}}), FormulaError);
}

TEST_CASE("the words of a formula are those it takes values for") {
  const auto words = [](std::string_view formula) {
    std::string joined;
    for (const std::string_view word : formula_words(formula))
      joined += (joined.empty() ? "" : " ") + std::string(word);
    return joined;
  };
  CHECK(words("heads pairs (d_k + d_v)") == "heads pairs d_k d_v");
  CHECK(words("tri(x) + (n - x) window where x = min(n, window)") == "n window");
  CHECK(words("sum(c, q of n by segment: tri(c) + c min(memory, q segment))") == "n segment memory");
  CHECK(words("n max(i < n: i - s) where s = floor(i / segment) segment") == "n segment");
  CHECK(words("max(i < n, k)") == "i n k");
  CHECK(words("w n where w = given(w, 2 n)") == "n w");
  CHECK(words("sum(v in vertical: n - v) + 2 n mod 3") == "vertical n");
  CHECK(words("max(a, b, 3) > 1 ? x : given(inner, expand d_model)") == "a b x inner expand d_model");
}
