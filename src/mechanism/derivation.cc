#include "ctxcost/mechanism/derivation.h"

#include <algorithm>

namespace ctxcost {
namespace {

constexpr std::string_view kDecode = "decode ";

const Formula* find_formula(const Mixer& mixer, std::string_view quantity) {
  for (const Formula& formula : mixer.formulas()) {
    if (formula.quantity == quantity) return &formula;
  }
  return nullptr;
}

/// Finds the formula of a quantity under a pair rule: a formula for this rule, else the one for both rules.
const Formula* find_formula(const Mixer& mixer, const std::string& quantity, PairRule rule) {
  const Formula* const own = rule == PairRule::reach ? find_formula(mixer, quantity + " under reach") : nullptr;
  return own != nullptr ? own : find_formula(mixer, quantity);
}

/// Such a word is a list that a formula iterates over ("v in vertical"). A count c stands for 0 .. c-1.
bool is_list_in(std::string_view expression, std::string_view word) {
  const std::vector<std::string_view> words = formula_words(expression);
  return std::find(words.begin(), words.end(), word) != words.end() &&
         expression.find("in " + std::string(word)) != std::string_view::npos;
}

std::vector<Count> first(Count count) {
  std::vector<Count> all;
  for (Count i = 0; i < count; i += 1) all.push_back(i);
  return all;
}

void add_setting(std::vector<FormulaValue>& values, const MechanismKey& key, const SettingValue& value,
                 ValueOrigin origin) {
  FormulaValue row{std::string(key.name), Count{}, origin};
  if (const auto* count = std::get_if<Count>(&value)) {
    row.value = *count;
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    row.value = *flag ? Count{1} : Count{};
  } else if (const auto* list = std::get_if<std::vector<Count>>(&value)) {
    row.value = *list;
  } else {
    return;
  }
  values.push_back(std::move(row));
}

/// Collects a formula with the values of its words, including words that have a formula of their own.
class Deriver {
 public:
  Deriver(const Mixer& mixer, const FormulaPoint& point) : mixer_(mixer), point_(point), known_(formula_values(mixer)) {
    known_.push_back({"n", point.tokens, ValueOrigin::asked});
    known_.push_back({"T", point.tokens, ValueOrigin::asked});
  }

  void define(std::string_view word, const Derivation& derivation) {
    known_.push_back({std::string(word), derivation.result, ValueOrigin::derived, derivation.expression});
  }

  Derivation derive(std::string_view expression, std::string_view source) const {
    std::vector<FormulaValue> values;
    append_values(expression, values);
    for (std::size_t i = 0; i < values.size(); ++i) append_values(values[i].expression, values);
    return derivation_of(expression, source, std::move(values));
  }

  /// Of one head.
  std::optional<Derivation> pairs(bool decode) const {
    const Formula* const one =
        find_formula(mixer_, std::string(decode ? kDecode : "") + (decode ? "keys" : "pairs"), point_.rule);
    return one == nullptr ? std::nullopt : std::optional(derive(one->expression, one->source));
  }

  /// Sets the score pairs of all heads. The formula of multiply-adds may use either name.
  std::optional<Derivation> scores(bool decode) {
    const std::string prefix(decode ? kDecode : "");
    if (const Formula* const all = find_formula(mixer_, prefix + "scores", point_.rule)) {
      const Derivation derivation = derive(all->expression, all->source);
      define("scores", derivation);
      return derivation;
    }
    const std::optional<Derivation> one = pairs(decode);
    if (!one) return std::nullopt;
    define("pairs", *one);
    return derive("heads pairs", one->source);
  }

 private:
  /// The values of an expression's words, but those that are there.
  void append_values(std::string_view expression, std::vector<FormulaValue>& values) const {
    for (const std::string_view word : formula_words(expression)) {
      const auto is_word = [word](const FormulaValue& value) { return value.word == word; };
      if (std::any_of(values.begin(), values.end(), is_word)) continue;
      const auto found = std::find_if(known_.begin(), known_.end(), is_word);
      if (found == known_.end()) continue;  // `given` asks for words that may have no value
      values.push_back(*found);
      const Count* const count = std::get_if<Count>(&found->value);
      if (count != nullptr && is_list_in(expression, word)) values.back().value = first(*count);
    }
  }

  const Mixer& mixer_;
  FormulaPoint point_;
  std::vector<FormulaValue> known_;
};

}  // namespace

Derivation derivation_of(std::string_view expression, std::string_view source, std::vector<FormulaValue> values) {
  Symbols symbols;
  for (const FormulaValue& value : values) symbols.emplace(value.word, value.value);
  const Count result = evaluate(expression, symbols);
  return {expression, source, std::move(values), result};
}

std::vector<FormulaValue> formula_values(const Mixer& mixer) {
  const MixerShape& shape = mixer.shape();
  std::vector<FormulaValue> values{{"heads", shape.heads, ValueOrigin::model},
                                   {"kv_heads", shape.kv_heads, ValueOrigin::model},
                                   {"d_k", shape.d_k, ValueOrigin::model},
                                   {"d_v", shape.d_v, ValueOrigin::model}};
  if (shape.d_model) values.push_back({"d_model", *shape.d_model, ValueOrigin::model});
  const auto& settings = mixer.settings().all();
  for (const MechanismKey& key : mixer.settings().table) {
    const auto given =
        std::find_if(settings.begin(), settings.end(), [&](const auto& row) { return row.first == key.name; });
    if (given != settings.end()) {
      add_setting(values, key, given->second, ValueOrigin::setting);
    } else if (const std::optional<Count> fallback = parse_digits(key.fallback)) {
      add_setting(values, key, *fallback, ValueOrigin::fallback);
    } else if (key.type == KeyType::flag) {
      add_setting(values, key, key.fallback == "true", ValueOrigin::fallback);
    }
  }
  Count linear;
  for (const Tensor& tensor : mixer.tensors().value_or(std::vector<Tensor>{})) {
    if (tensor.use != TensorUse::linear) continue;
    values.push_back({std::string(tensor.name), tensor.active_elements(), ValueOrigin::tensor});
    linear += tensor.active_elements();
  }
  values.push_back({"linear", linear});
  return values;
}

std::optional<Derivation> derive(const Mixer& mixer, std::string_view quantity, const FormulaPoint& asked) {
  const bool decode = quantity.starts_with(kDecode);
  const std::string_view what = decode ? quantity.substr(kDecode.size()) : quantity;
  FormulaPoint point = asked;
  if (decode) point.rule = PairRule::exact;  // a decode step has no pair rule
  Deriver deriver(mixer, point);

  if (what == "pairs") return deriver.pairs(decode);
  if (what == "scores") return deriver.scores(decode);
  if (what == "macs") {
    const bool scores = deriver.scores(decode).has_value();
    const Formula* formula = find_formula(mixer, std::string(quantity), point.rule);
    if (formula == nullptr && scores) formula = find_formula(mixer, "macs");  // keys in place of pairs
    if (formula == nullptr) return std::nullopt;
    return deriver.derive(formula->expression, formula->source);
  }
  if (const Formula* const formula = find_formula(mixer, quantity)) {
    return deriver.derive(formula->expression, formula->source);
  }
  if (what == "linear macs") {
    return deriver.derive(decode ? "linear" : "n linear", "every matrix multiplies each token once");
  }
  return std::nullopt;
}

}  // namespace ctxcost
