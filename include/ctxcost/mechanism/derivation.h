// Evaluates a mechanism's formula: the value of each of its words, where that value came from, and the result. The
// laws' test derives every quantity of every kind and compares it with the mixer, so that a displayed formula cannot be
// wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/core/formula.h"
#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

/// Where the value of a word came from.
enum class ValueOrigin {
  asked,     ///< set by the point: n tokens, or T keys of a decode step
  model,     ///< a key of the model file common to all mechanisms: heads, d_k
  setting,   ///< a key of the mechanism, given in the model file
  fallback,  ///< the default of that key
  derived,   ///< computed from the others: by its own formula, or as the elements of a tensor
};

/// A word of a formula with its value.
struct FormulaValue {
  std::string word;
  std::variant<Count, std::vector<Count>> value;
  ValueOrigin origin = ValueOrigin::derived;
  std::string_view expression = {};  ///< the formula of a derived word; empty if it has none
};

/// A formula, the values of its words in order of appearance, and the result.
struct Derivation {
  std::string_view expression;
  std::string_view source;
  std::vector<FormulaValue> values;
  Count result;
};

/// The point to derive at: the length, and how a prefill charges score pairs.
struct FormulaPoint {
  Count tokens;  ///< n, or T for a decode step
  PairRule rule = PairRule::exact;
};

/// Returns every word that a mechanism's formulas may use, except those of a point, with its value. Each linear
/// tensor's name holds its elements, and `linear` their sum.
std::vector<FormulaValue> formula_values(const Mixer& mixer);

/// Derives a quantity of a mixer: "scores" (of all heads), "macs", "scalar operations" or "linear macs", each
/// optionally prefixed with "decode ", or "cached elements" or "state elements". Empty if the mechanism has no formula
/// for it; the quantity is then 0. Throws FormulaError if a value is unknown.
std::optional<Derivation> derive(const Mixer& mixer, std::string_view quantity, const FormulaPoint& point);

}  // namespace ctxcost
