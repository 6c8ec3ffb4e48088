// The language in which mechanisms state their formulas. People read them on screen and the tests evaluate them, so
// that a displayed formula cannot differ from the number beside it.
//
//   heads pairs (d_k + d_v)                         adjacent words are multiplied
//   tri(x) + (n - x) window where x = min(n, window)
//   sum(c, q of n by segment: tri(c) + c min(memory, q segment))
//
// Whole numbers only: `a / b` rounds down and `ceil(a / b)` up. Operators, tightest first:
//   a ^ b     a b, a * b, a / b, a mod b     a + b, a - b     = < <= > >= in     and     or     c ? a : b
// Functions: min, max, tri (x (x + 1) / 2), ceil, floor, abs, log2 (rounded down), given(x, otherwise): x if it is
// set. Sums, and `max` in the same form, over a range, a list, or the pieces of a length:
//   sum(i < n: …)   sum(v in vertical: …)   sum(c, q of n by chunk: …): c is the length of piece q = 0, 1, …
// A condition is 1 or 0. Definitions after `where` apply to the whole formula.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"

namespace ctxcost {

/// The value of a word in a formula: a number or a list of numbers.
using Symbols = std::map<std::string, std::variant<Count, std::vector<Count>>, std::less<>>;

/// Thrown when a formula cannot be parsed or has no value: an unknown word, or a result below zero.
class FormulaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Returns the words that need a value, each once, in order of appearance. Words that the formula defines after `where`
/// or binds in a sum are left out, and so are functions.
std::vector<std::string_view> formula_words(std::string_view formula);

/// The formula with the values of its words in their place and "*" between factors: "32 * 67,108,864 * (128 + 128)".
/// Words that it defines or binds, and lists, stay as they are. Read again, without the commas between digits, it has
/// the same value.
std::string substituted(std::string_view formula, const Symbols& symbols);

/// The value of a formula. Throws FormulaError, also where its sums have more than two million elements; CountOverflow
/// where a number leaves 127 bits.
Count evaluate(std::string_view formula, const Symbols& symbols);

}  // namespace ctxcost
