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
  derived,   ///< follows from the others: a formula of its own, or the elements of a tensor
  tensor,    ///< the shape of a tensor
  type,      ///< the type in which elements are stored
  engine,    ///< a setting of the engine, or a number of its rules
};

/// A word of a formula with its value.
struct FormulaValue {
  std::string word;
  std::variant<Count, std::vector<Count>> value;
  ValueOrigin origin = ValueOrigin::derived;
  std::string_view expression = {};  ///< of one that has a formula of its own
  std::string_view remark = {};      ///< what it is, where its word does not say so: "bf16"
};

/// A formula, the values of its words in the order in which they appear, and what it comes to. The words of a value's
/// own formula follow the value.
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

/// A formula of values that all stand in it or in another's formula. Throws FormulaError.
Derivation derivation_of(std::string_view expression, std::string_view source, std::vector<FormulaValue> values);

/// A quantity of a mixer: "pairs" (of one head), "scores" (of all heads), "macs", "scalar operations", "linear macs",
/// each with "decode " before it or not, "cached elements", "state elements". Empty where the mechanism has no formula
/// for it: then it is 0. Throws FormulaError where a value is not known.
std::optional<Derivation> derive(const Mixer& mixer, std::string_view quantity, const FormulaPoint& point);

}  // namespace ctxcost
