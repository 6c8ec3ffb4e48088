#include "ctxcost/core/formula.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

/// Signed, since an intermediate difference may be negative.
__extension__ using Number = __int128;

Number number_of(Count value) {
  if (value.raw() >> 127 != 0) throw CountOverflow("a value of a formula above 2^127");
  return static_cast<Number>(value.raw());
}

Number add(Number a, Number b) {
  Number result;
  if (__builtin_add_overflow(a, b, &result)) throw CountOverflow("a sum of a formula above 2^127");
  return result;
}
Number subtract(Number a, Number b) {
  Number result;
  if (__builtin_sub_overflow(a, b, &result)) throw CountOverflow("a difference of a formula below -2^127");
  return result;
}
Number multiply(Number a, Number b) {
  Number result;
  if (__builtin_mul_overflow(a, b, &result)) throw CountOverflow("a product of a formula above 2^127");
  return result;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.'; }

/// Parses and evaluates in one pass. A branch that is not taken is only parsed.
class Evaluation {
 public:
  Evaluation(std::string_view formula, const Symbols& symbols) : symbols_(symbols), whole_(formula) {
    text_ = formula.substr(0, formula.find(kWhere));
    if (text_.size() == formula.size()) return;
    std::string_view definitions = formula.substr(text_.size() + kWhere.size());
    for (bool more = true; more;) {
      const std::size_t end = definition_end(definitions);
      define(definitions.substr(0, end));
      more = end < definitions.size();
      if (more) definitions.remove_prefix(end + 1);
    }
  }

  Number value() {
    const Number result = condition();
    if (skip_spaces() != text_.size()) fail("a word or an operator");
    return result;
  }

 private:
  static constexpr std::string_view kWhere = " where ";

  /// A name bound by a sum.
  struct Bound {
    std::string_view name;
    Number value;
  };

  [[noreturn]] void fail(const std::string& expected) const {
    throw FormulaError("\"" + std::string(whole_) + "\": expected " + expected + " at \"" +
                       std::string(text_.substr(std::min(at_, text_.size()))) + "\"");
  }

  /// Commas outside brackets separate definitions.
  static std::size_t definition_end(std::string_view text) {
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '(') ++depth;
      if (text[i] == ')') --depth;
      if (text[i] == ',' && depth == 0) return i;
    }
    return text.size();
  }
  void define(std::string_view definition) {
    const std::size_t equals = definition.find('=');
    if (equals == std::string_view::npos) throw FormulaError("\"" + std::string(whole_) + "\": a definition without =");
    std::string_view name = definition.substr(0, equals);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    definitions_.emplace_back(name, definition.substr(equals + 1));
  }

  std::size_t skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_;
  }
  /// Returns the next word without consuming it. Empty if there is none.
  std::string_view peek_word() {
    std::size_t end = skip_spaces();
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (is_word(token.front()) ? peek_word() != token : !text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) fail("\"" + std::string(token) + "\"");
  }

  /// Evaluates `part`, or only parses it.
  template <typename Part>
  Number when(bool taken, Part part) {
    const bool before = std::exchange(live_, live_ && taken);
    const Number result = part();
    live_ = before;
    return result;
  }

  Number condition() {
    const Number test = disjunction();
    if (!take("?")) return test;
    const Number yes = when(test != 0, [this] { return condition(); });
    expect(":");
    const Number no = when(test == 0, [this] { return condition(); });
    return test != 0 ? yes : no;
  }
  Number disjunction() {
    Number left = conjunction();
    while (take("or")) {
      const Number right = conjunction();
      left = left != 0 || right != 0 ? 1 : 0;
    }
    return left;
  }
  Number conjunction() {
    Number left = comparison();
    while (take("and")) {
      const Number right = comparison();
      left = left != 0 && right != 0 ? 1 : 0;
    }
    return left;
  }
  Number comparison() {
    const Number left = sum();
    if (take("<=")) return left <= sum() ? 1 : 0;
    if (take(">=")) return left >= sum() ? 1 : 0;
    if (take("<")) return left < sum() ? 1 : 0;
    if (take(">")) return left > sum() ? 1 : 0;
    if (take("=")) return left == sum() ? 1 : 0;
    if (take("in")) {
      for (const Count element : list()) {
        if (number_of(element) == left) return 1;
      }
      return 0;
    }
    return left;
  }
  Number sum() {
    Number left = product();
    for (;;) {
      if (take("+")) {
        left = add(left, product());
      } else if (take("-")) {
        left = subtract(left, product());
      } else {
        return left;
      }
    }
  }
  Number product() {
    Number left = power();
    for (;;) {
      if (take("/")) {
        const Number divisor = divided_by(power());
        remainder_ = left % divisor;
        left = left / divisor - (remainder_ != 0 && (remainder_ < 0) != (divisor < 0) ? 1 : 0);
        quotient_end_ = at_;
      } else if (take("mod")) {
        left %= divided_by(power());
      } else if (take("*") || starts_factor()) {
        left = multiply(left, power());
      } else {
        return left;
      }
    }
  }
  Number divided_by(Number divisor) const {
    if (!live_) return 1;
    if (divisor == 0) throw FormulaError("\"" + std::string(whole_) + "\": a division by zero");
    return divisor;
  }
  bool starts_factor() {
    const std::string_view word = peek_word();
    if (word.empty()) return at_ < text_.size() && text_[at_] == '(';
    for (const std::string_view keyword : {"mod", "and", "or", "in", "of", "by"}) {
      if (word == keyword) return false;
    }
    return true;
  }
  Number power() {
    const Number base = primary();
    if (!take("^")) return base;
    Number result = 1;
    for (Number exponent = primary(); exponent > 0; --exponent) result = multiply(result, base);
    return result;
  }

  Number primary() {
    if (take("(")) {
      const Number value = condition();
      expect(")");
      return value;
    }
    const std::string_view word = peek_word();
    if (word.empty()) fail("a number, a word or \"(\"");
    at_ += word.size();
    if (const std::optional<Count> number = parse_digits(word)) return number_of(*number);
    if (at_ < text_.size() && text_[at_] == '(' && is_function(word)) {
      ++at_;
      const Number value = call(word);
      expect(")");
      return value;
    }
    return lookup(word);
  }

  static bool is_function(std::string_view word) {
    for (const std::string_view name : {"min", "max", "tri", "ceil", "floor", "abs", "log2", "given", "sum"}) {
      if (word == name) return true;
    }
    return false;
  }
  Number call(std::string_view function) {
    if (function == "sum" || function == "max") {
      if (std::optional<Number> whole = over(function)) return *whole;
      if (function == "sum") fail("a range: \"i < n:\", \"v in list:\" or \"c of n by chunk:\"");
    }
    if (function == "given") {
      const std::string_view word = peek_word();
      at_ += word.size();
      expect(",");
      const std::optional<Number> given = symbol(word);
      const Number otherwise = when(!given, [this] { return condition(); });
      return given.value_or(otherwise);
    }
    Number value = condition();
    if (function == "ceil") {
      if (quotient_end_ != at_) fail("the end of a quotient");
      return value + (remainder_ != 0 ? 1 : 0);
    }
    if (function == "floor") return value;
    if (function == "abs") return value < 0 ? subtract(0, value) : value;
    if (function == "tri") return value % 2 == 0 ? multiply(value / 2, value + 1) : multiply((value + 1) / 2, value);
    if (function == "log2") {
      if (live_ && value <= 0) throw FormulaError("\"" + std::string(whole_) + "\": a logarithm of zero");
      Number log = 0;
      for (; value > 1; value /= 2) ++log;
      return log;
    }
    while (take(",")) {
      const Number other = condition();
      if (function == "min" ? other < value : other > value) value = other;
    }
    return value;
  }

  /// Reads a sum or a maximum over a range. Empty if none follows.
  std::optional<Number> over(std::string_view function) {
    const std::size_t start = at_;
    const std::string_view name = peek_word();
    at_ += name.size();
    std::string_view index;
    if (take(",")) {
      index = peek_word();
      at_ += index.size();
    }
    if (!name.empty() && index.empty() && take("<")) {
      const Number end = sum();
      if (take(":")) {
        return fold(function, {name, index}, end, [](Number i) { return std::pair(i, i); });
      }
    } else if (!name.empty() && index.empty() && take("in")) {
      const std::vector<Count> elements = list();
      if (take(":")) {
        return fold(function, {name, index}, static_cast<Number>(elements.size()),
                    [&](Number i) { return std::pair(number_of(elements[static_cast<std::size_t>(i)]), i); });
      }
    } else if (!name.empty() && take("of")) {
      const Number length = sum();
      expect("by");
      const Number piece = divided_by(sum());
      if (take(":")) {
        const Number pieces = length / piece + (length % piece != 0 ? 1 : 0);
        return fold(function, {name, index}, pieces,
                    [&](Number q) { return std::pair(std::min(piece, length - q * piece), q); });
      }
    }
    at_ = start;
    return std::nullopt;
  }
  template <typename ValueAt>
  Number fold(std::string_view function, std::pair<std::string_view, std::string_view> names, Number count,
              ValueAt value_at) {
    const std::size_t body = at_;
    Number result = 0;
    if (!live_ || count == 0) {
      bound_.push_back({names.first, 1});
      bound_.push_back({names.second, 0});
      when(false, [this] { return condition(); });
      bound_.resize(bound_.size() - 2);
      return 0;
    }
    if (count > kMostSteps - steps_) {
      throw FormulaError("\"" + std::string(whole_) + "\": a sum over more than two million elements");
    }
    steps_ += count;
    for (Number i = 0; i < count; ++i) {
      at_ = body;
      const auto [value, index] = value_at(i);
      bound_.push_back({names.first, value});
      bound_.push_back({names.second, index});
      const Number term = condition();
      bound_.resize(bound_.size() - 2);
      result = function == "sum" ? add(result, term) : i == 0 ? term : std::max(result, term);
    }
    return result;
  }

  std::vector<Count> list() {
    const std::string_view word = peek_word();
    at_ += word.size();
    const auto found = symbols_.find(word);
    if (found == symbols_.end() || !std::holds_alternative<std::vector<Count>>(found->second)) fail("a list");
    return std::get<std::vector<Count>>(found->second);
  }

  std::optional<Number> symbol(std::string_view word) const {
    const auto found = symbols_.find(word);
    if (found == symbols_.end() || !std::holds_alternative<Count>(found->second)) return std::nullopt;
    return number_of(std::get<Count>(found->second));
  }
  Number lookup(std::string_view word) {
    for (auto bound = bound_.rbegin(); bound != bound_.rend(); ++bound) {
      if (bound->name == word) return bound->value;
    }
    for (const auto& [name, definition] : definitions_) {
      if (name != word) continue;
      if (++depth_ > kMostDepth) throw FormulaError("\"" + std::string(whole_) + "\": definitions in a circle");
      const auto before = std::pair(std::exchange(text_, definition), std::exchange(at_, 0));
      const Number result = value();
      std::tie(text_, at_) = before;
      --depth_;
      return result;
    }
    if (const std::optional<Number> value = symbol(word)) return *value;
    throw FormulaError("\"" + std::string(whole_) + "\": unknown word \"" + std::string(word) + "\"");
  }

  static constexpr int kMostDepth = 16;
  static constexpr Number kMostSteps = 1 << 21;  // of all sums: a formula is read, not run

  const Symbols& symbols_;
  std::string_view whole_;
  std::string_view text_;  // the text being parsed: the formula, or one of its definitions
  std::size_t at_ = 0;
  std::vector<std::pair<std::string_view, std::string_view>> definitions_;
  std::vector<Bound> bound_;
  bool live_ = true;                                   // false in a branch that is not taken
  std::size_t quotient_end_ = std::string_view::npos;  // where the last division ended that left this remainder
  Number remainder_ = 0;
  int depth_ = 0;
  Number steps_ = 0;
};

/// A word or a single character between words.
struct FormulaToken {
  std::string_view text;
  bool spaced = false;  ///< a space stands before it
};

std::vector<FormulaToken> formula_tokens(std::string_view formula) {
  std::vector<FormulaToken> tokens;
  bool spaced = false;
  for (std::size_t at = 0; at < formula.size();) {
    std::size_t end = at;
    while (end < formula.size() && is_word(formula[end])) ++end;
    end = std::max(end, at + 1);
    const bool space = formula[at] == ' ';
    if (!space) tokens.push_back({formula.substr(at, end - at), spaced});
    spaced = space;
    at = end;
  }
  return tokens;
}

constexpr std::string_view kFormulaFunctions[] = {"min", "max", "tri", "ceil", "floor", "abs", "log2", "given", "sum"};
constexpr std::string_view kFormulaKeywords[] = {"mod", "and", "or", "in", "of", "by", "where"};

bool among(std::span<const std::string_view> list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// What a formula consists of, and the words that it defines behind `where` or binds in a sum.
class FormulaText {
 public:
  explicit FormulaText(std::string_view formula) : tokens_(formula_tokens(formula)) {
    bool defining = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string_view word = token(i);
      defining = defining || word == "where";
      if (defining && (word == "where" || word == ",") && token(i + 2) == "=") own_.push_back(token(i + 1));
      if ((word != "sum" && word != "max") || token(i + 1) != "(") continue;
      const std::string_view after = token(i + 3);
      if (after == "of" || after == "in" || (after == "<" && is_range(i + 4))) own_.push_back(token(i + 2));
      if (after == "," && token(i + 5) == "of") own_.insert(own_.end(), {token(i + 2), token(i + 4)});
    }
  }

  std::size_t size() const { return tokens_.size(); }
  std::string_view token(std::size_t i) const { return i < tokens_.size() ? tokens_[i].text : std::string_view(); }
  bool spaced(std::size_t i) const { return tokens_[i].spaced; }
  bool is_function(std::size_t i) const { return among(kFormulaFunctions, token(i)) && token(i + 1) == "("; }
  /// A word or a number, no keyword and no function.
  bool is_operand(std::size_t i) const {
    const std::string_view word = token(i);
    return !word.empty() && is_word(word.front()) && !among(kFormulaKeywords, word) && !is_function(i);
  }
  /// A word that takes a value. A definition may give one for a word of its own name: "where w = given(w, 2 n)".
  bool is_free(std::size_t i) const {
    const bool asked = i >= 2 && token(i - 1) == "(" && token(i - 2) == "given";
    return is_operand(i) && !parse_digits(token(i)) && (!among(own_, token(i)) || asked);
  }
  /// The bracket that closes the one at `i`.
  std::size_t closing(std::size_t i) const {
    int depth = 0;
    for (; i < tokens_.size(); ++i) {
      if (token(i) == "(") ++depth;
      if (token(i) == ")" && --depth == 0) break;
    }
    return i;
  }

 private:
  // A comparison is an argument of `max`, a range ends with a colon.
  bool is_range(std::size_t i) const {
    for (int depth = 0; i < tokens_.size() && depth >= 0 && token(i) != "?"; ++i) {
      if (token(i) == "(") ++depth;
      if (token(i) == ")") --depth;
      if (token(i) == ":" && depth == 0) return true;
    }
    return false;
  }

  std::vector<FormulaToken> tokens_;
  std::vector<std::string_view> own_;
};

/// Writes the tokens from `begin` to `end` with values in the place of words.
class Substitution {
 public:
  Substitution(const FormulaText& text, const Symbols& symbols) : text_(text), symbols_(symbols) {}

  std::string write(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const bool opens = text_.token(i) == "(";
      const bool starts =
          text_.is_operand(i) || text_.is_function(i) || (opens && !(i > 0 && text_.is_function(i - 1)));
      if (starts && after_operand_) {
        out_ += " * ";
      } else if (text_.spaced(i) && !out_.empty()) {
        out_ += ' ';
      }
      if (text_.token(i) == "given" && text_.is_function(i)) {
        i = write_given(i);
        continue;
      }
      const Count* const value = text_.is_free(i) ? value_of(text_.token(i)) : nullptr;
      out_ += value == nullptr ? std::string(text_.token(i)) : with_separators(*value);
      after_operand_ = text_.is_operand(i) || text_.token(i) == ")";
    }
    return out_;
  }

 private:
  const Count* value_of(std::string_view word) const {
    const auto found = symbols_.find(word);
    return found == symbols_.end() ? nullptr : std::get_if<Count>(&found->second);
  }

  /// "given(word, otherwise)": the value of the word, or what stands for it. Returns the closing bracket.
  std::size_t write_given(std::size_t i) {
    const std::size_t close = text_.closing(i + 1);
    if (const Count* const value = value_of(text_.token(i + 2))) {
      out_ += with_separators(*value);
    } else {
      out_ += "(" + Substitution(text_, symbols_).write(i + 4, close) + ")";
    }
    after_operand_ = true;
    return close;
  }

  const FormulaText& text_;
  const Symbols& symbols_;
  std::string out_;
  bool after_operand_ = false;
};

}  // namespace

std::vector<std::string_view> formula_words(std::string_view formula) {
  const FormulaText text(formula);
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.is_free(i) && !among(words, text.token(i))) words.push_back(text.token(i));
  }
  return words;
}

std::string substituted(std::string_view formula, const Symbols& symbols) {
  const FormulaText text(formula);
  return Substitution(text, symbols).write(0, text.size());
}

Count evaluate(std::string_view formula, const Symbols& symbols) {
  const Number value = Evaluation(formula, symbols).value();
  if (value < 0) throw FormulaError("\"" + std::string(formula) + "\": a value below zero");
  return Count::from_raw(static_cast<Uint128>(value));
}

}  // namespace ctxcost
