#include "module_patterns.h"

#include <algorithm>

namespace ctxcost::huggingface {
namespace {

constexpr std::string_view kRegex = "re:";
constexpr std::string_view kLayers = "layers.";

/// What all expressions of a list may cost together, in memory and in time; real lists cost a fifth at most.
constexpr std::size_t kMostInstructionsInAll = 60'000;
constexpr std::uint64_t kMostWork = 10'000'000;

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view part = path.substr(0, dot);
    if (!part.empty() && part != "model" && part != "language_model") parts.push_back(part);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return parts;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain && static_cast<unsigned char>(c) < 0x80) out += '\\';
    out += c;
  }
}

/// Those parts in a row anywhere in a path.
std::string expression_of_parts(const std::vector<std::string_view>& parts) {
  std::string result = "(?:.*\\.)?";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += "\\.";
    if (parts[i] == "*") {
      result += "[^.]+";
    } else {
      append_escaped(result, parts[i]);
    }
  }
  return result + "(?:\\.|\\Z)";
}

/// Takes letters, "_" and escaped points from the front of an expression.
std::string take_literal(std::string_view& text) {
  std::string literal;
  while (!text.empty()) {
    const char c = text.front();
    const bool point = text.starts_with("\\.");
    if (!point && c != '_' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) break;
    literal += point ? '.' : c;
    text.remove_prefix(point ? 2 : 1);
  }
  return literal;
}

/// Returns what stands between ".*" and ".*" (or the end) of an expression, alternatives in groups written out:
/// "mlp.up_proj" and "mlp.down_proj" of ".*mlp\.(up|down)_proj.*". Empty where the expression is any other.
std::vector<std::string> literals_between(std::string_view text) {
  constexpr std::string_view kAny = ".*";
  constexpr std::size_t kMostLiterals = 64;
  if (!text.starts_with(kAny)) return {};
  text.remove_prefix(kAny.size());
  if (text.ends_with(kAny)) text.remove_suffix(kAny.size());
  std::vector<std::string> literals = {""};
  while (!text.empty()) {
    std::vector<std::string> parts;
    if (text.front() == '(') {
      do {
        text.remove_prefix(1);
        parts.push_back(take_literal(text));
      } while (text.starts_with('|'));
      if (!text.starts_with(')')) return {};
      text.remove_prefix(1);
    } else {
      parts.push_back(take_literal(text));
      if (parts.front().empty()) return {};
    }
    // What follows may repeat the last character or group, or make it optional.
    if (!text.empty() && std::string_view("*+?{").find(text.front()) != std::string_view::npos) return {};
    if (literals.size() * parts.size() > kMostLiterals) return {};
    std::vector<std::string> longer;
    longer.reserve(literals.size() * parts.size());
    for (const std::string& literal : literals) {
      for (const std::string& part : parts) longer.push_back(literal + part);
    }
    literals = std::move(longer);
  }
  return literals;
}

bool has_any(std::string_view path, const std::vector<std::string>& literals) {
  return std::any_of(literals.begin(), literals.end(),
                     [path](const std::string& literal) { return path.find(literal) != std::string_view::npos; });
}

bool has_wildcards(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

}  // namespace

std::string plain_path(std::string_view path) {
  std::string result;
  for (const std::string_view part : parts_of(path)) {
    if (!result.empty()) result += '.';
    result += part;
  }
  return result;
}

std::string expression_of_wildcards(std::string_view text) {
  std::string result = "(?s:";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*') {
      // Several in a row are one.
      if (i == 0 || text[i - 1] != '*') result += ".*";
    } else if (text[i] == '?') {
      result += '.';
    } else if (text[i] == '[') {
      std::size_t end = i + 1;
      if (end < text.size() && text[end] == '!') ++end;
      if (end < text.size() && text[end] == ']') ++end;
      end = text.find(']', end);
      if (end == std::string_view::npos) {
        result += "\\[";
        continue;
      }
      std::string_view members = text.substr(i + 1, end - i - 1);
      result += '[';
      if (members.front() == '!') {
        result += '^';
        members.remove_prefix(1);
      }
      for (const char c : members) {
        if (c == '\\' || c == '[' || c == '^' || c == ']') result += '\\';
        result += c;
      }
      result += ']';
      i = end;
    } else {
      append_escaped(result, text.substr(i, 1));
    }
  }
  return result + ")\\Z";
}

void ModulePatterns::add(std::string_view entry) {
  if (entry.starts_with(kRegex)) return add_expression(entry.substr(kRegex.size()), false);
  if (names_ == ModuleNames::whole && entry == "Linear") {
    any_linear_ = true;
    return;
  }
  if (names_ == ModuleNames::wildcards && has_wildcards(entry)) {
    add_expression(expression_of_wildcards(entry), false);
    // Files of a text model that was nested name it by other roots than ours.
    std::string_view rest = entry;
    for (const std::string_view root : {"language_model.", "model.", "language_model."}) {
      if (rest.starts_with(root)) rest.remove_prefix(root.size());
    }
    add_expression(expression_of_wildcards(rest), true);
    return;
  }
  const std::vector<std::string_view> parts = parts_of(entry);
  if (parts.empty()) return;
  if (names_ == ModuleNames::parts && std::find(parts.begin(), parts.end(), "*") != parts.end()) {
    return add_expression(expression_of_parts(parts), true);
  }
  add_literal(plain_path(entry));
}

void ModulePatterns::add_literal(std::string literal) {
  std::string_view rest = literal;
  const bool below_layers = rest.starts_with(kLayers);
  if (below_layers) rest.remove_prefix(kLayers.size());
  const std::string_view number = rest.substr(0, rest.find('.'));
  // As layers are written: without leading zeros, and few.
  constexpr std::size_t kMostDigitsOfLayer = 6;
  const bool is_layer = !number.empty() && number.size() <= kMostDigitsOfLayer &&
                        (number == "0" || number.front() != '0') &&
                        number.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_layer) {
    std::uint32_t layer = 0;
    for (const char c : number) layer = layer * 10 + static_cast<std::uint32_t>(c - '0');
    rest.remove_prefix(std::min(number.size() + 1, rest.size()));
    numbered_[std::string(rest)].push_back({layer, below_layers});
  }
  literals_.insert(std::move(literal));
}

void ModulePatterns::add_expression(std::string_view text, bool plain_path) {
  Expression expression{std::nullopt, plain_path, literals_between(text), {}, {}};
  if (expression.literals.empty()) {
    expression.pattern.emplace(text);
    instructions_ += expression.pattern->size();
  }
  expressions_.push_back(std::move(expression));
  if (instructions_ > kMostInstructionsInAll) throw PatternFault{"the expressions of this list are too many"};
}

void ModulePatterns::check_work() const {
  std::uint64_t work = 0;
  for (const Expression& expression : expressions_) work += expression.pattern ? expression.pattern->work() : 0;
  if (work > kMostWork) throw PatternFault{"the expressions of this list take too long to match"};
}

bool ModulePatterns::has_literal(const Expression& expression, std::string_view rest) const {
  if (expression.plain_path) return has_any(rest, expression.literals);
  return std::any_of(roots_.begin(), roots_.end(), [&](const std::string& root) {
    return has_any(std::string(root).append(rest), expression.literals);
  });
}

/// `before` is what stands between a root and `rest`.
bool ModulePatterns::match(Expression& expression, PythonPattern::State rest, std::string_view before) {
  PythonPattern& pattern = *expression.pattern;
  if (expression.plain_path) return pattern.accepts(pattern.over(rest, before, std::nullopt));
  for (const std::string& root : roots_) {
    const std::optional<char> last = root.empty() ? std::nullopt : std::optional<char>(root.back());
    if (pattern.accepts(pattern.over(pattern.over(rest, before, last), root, std::nullopt))) return true;
  }
  return false;
}

bool ModulePatterns::means(std::string_view path) {
  if (any_linear_) return true;
  const std::vector<std::string_view> parts = parts_of(path);
  for (std::size_t start = 0; start < parts.size(); ++start) {
    if (names_ == ModuleNames::whole && start > 0) break;
    std::string run;
    for (std::size_t i = start; i < parts.size(); ++i) {
      if (i > start) run += '.';
      run += parts[i];
      if (names_ == ModuleNames::whole && i + 1 < parts.size()) continue;
      if (literals_.contains(run)) return true;
    }
  }
  for (Expression& expression : expressions_) {
    // The head stands beside the model in some classes, in it in others.
    if (!expression.literals.empty()) {
      if (has_any(path, expression.literals) || has_literal(expression, path)) return true;
      continue;
    }
    PythonPattern& pattern = *expression.pattern;
    if (pattern.matches(path) || match(expression, pattern.at_end(path.empty() ? '.' : path.back()), path)) return true;
    check_work();
  }
  return false;
}

const std::vector<bool>& ModulePatterns::layers_meant(std::string_view module, std::uint32_t layers) {
  auto asked = answers_.find(module);
  if (asked == answers_.end()) asked = answers_.try_emplace(std::string(module)).first;
  const auto [answer, is_new] = asked->second.try_emplace(layers, layers, any_linear_);
  std::vector<bool>& meant = answer->second;
  if (!is_new || any_linear_ || module.empty()) return meant;

  // Runs of parts that lack the layer's number are the same in every layer.
  const std::string below = "." + std::string(module);
  const std::vector<std::string_view> parts = parts_of(module);
  std::string run;
  for (std::size_t end = 0; end <= parts.size() && !numbered_.empty(); ++end) {
    if (end > 0) run.append(end == 1 ? "" : ".").append(parts[end - 1]);
    if (names_ == ModuleNames::whole && end < parts.size()) continue;
    const auto found = numbered_.find(run);
    if (found == numbered_.end()) continue;
    for (const Numbered& literal : found->second) {
      if (literal.layer >= layers || (names_ == ModuleNames::whole && !literal.below_layers)) continue;
      meant[literal.layer] = true;
    }
  }
  if (names_ != ModuleNames::whole) {
    bool found = literals_.contains(std::string_view("layers"));
    for (std::size_t start = 0; start < parts.size() && !found && !literals_.empty(); ++start) {
      run.clear();
      for (std::size_t i = start; i < parts.size() && !found; ++i) {
        if (i > start) run += '.';
        run += parts[i];
        found = literals_.contains(run);
      }
    }
    if (found) meant.assign(layers, true);
  }

  for (Expression& expression : expressions_) {
    if (!expression.literals.empty()) {
      // None has a digit, so that none reaches over a layer's number.
      if (!expression.in_every_layer) expression.in_every_layer = has_literal(expression, kLayers);
      const bool below_any = has_any(below, expression.literals) && (expression.plain_path || !roots_.empty());
      if (*expression.in_every_layer || below_any) meant.assign(layers, true);
      continue;
    }
    PythonPattern& pattern = *expression.pattern;
    // Paths differ in the layer's number alone, of which few patterns know more than one or two things.
    const PythonPattern::State rest = pattern.over(pattern.at_end(below.back()), below, '0');
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      if (meant[layer]) continue;
      const PythonPattern::State numbered = pattern.over(rest, std::to_string(layer), '.');
      const auto [known, is_unknown] = expression.below_layer.try_emplace(numbered, false);
      if (is_unknown) {
        known->second = match(expression, numbered, kLayers);
        check_work();
      }
      meant[layer] = known->second;
    }
    check_work();
  }
  return meant;
}

}  // namespace ctxcost::huggingface
