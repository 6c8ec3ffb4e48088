#include "json.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "asked_keys.h"
#include "core/character.h"
#include "ctxcost/core/diagnostic.h"
#include "json_events.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

/// Lists and objects inside one another. Published configs have 4; the limit keeps recursion over a value shallow.
constexpr std::size_t kDeepest = 64;
/// Offsets are 32 bits.
constexpr std::size_t kLongestText = std::numeric_limits<std::uint32_t>::max() / 2;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool starts_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
/// May stand inside a number or a bare word, so that it belongs to the token before it.
bool continues_word(char c) { return is_digit(c) || starts_word(c) || c == '.' || c == '+' || c == '-'; }

/// Whether a key stands in a pointer as it is.
bool is_plain(std::string_view key) {
  return key.find('~') == std::string_view::npos && key.find('/') == std::string_view::npos;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

/// One past the number that starts at `at`, by the grammar: "01" ends after the 0.
std::size_t number_end(std::string_view text, std::size_t at) {
  const auto digits = [&] {
    while (at < text.size() && is_digit(text[at])) ++at;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else {
    digits();
  }
  if (at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1])) {
    ++at;
    digits();
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (exponent < text.size() && is_digit(text[exponent])) {
      at = exponent;
      digits();
    }
  }
  return at;
}

/// One past the closing quote of the string that starts at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

/// Bare NaN and Infinity are not JSON, but Python writes them. They are parsed as numbers of the same length, whose
/// digits nobody reads: `Builder` looks at the text itself.
std::string without_nonfinite(std::string_view text) {
  std::string masked(text);
  for (std::size_t at = 0; at < masked.size();) {
    if (masked[at] == '"') {
      at = string_end(masked, at);
      continue;
    }
    for (const auto& [word, number] : {std::pair<std::string_view, std::string_view>{"NaN", "1e0"},
                                       std::pair<std::string_view, std::string_view>{"Infinity", "10000000"}}) {
      if (text.substr(at, word.size()) != word) continue;
      std::size_t before = at;
      if (word == "Infinity" && before > 0 && text[before - 1] == '-') --before;
      const std::size_t after = at + word.size();
      if (before > 0 && continues_word(text[before - 1])) continue;
      if (after < text.size() && continues_word(text[after])) continue;
      masked.replace(at, word.size(), number);
    }
    ++at;
  }
  return masked;
}

/// Builds the values and keeps their places.
class Builder final : public JsonEvents {
 public:
  Builder(std::string_view text, std::size_t start, JsonValue& root) : text_(text), end_(start), root_(root) {}

  bool null() override {
    add(Type::null);
    return true;
  }
  bool boolean(bool value) override {
    add(Type::boolean).boolean = value;
    return true;
  }
  bool number(std::uint64_t) override { return number(Type::integer); }
  bool number(std::int64_t) override { return number(Type::integer); }
  bool number(std::string_view text) override {
    return number(text.find_first_of(".eE") == std::string_view::npos ? Type::integer : Type::real);
  }
  bool string(std::string& text) override {
    JsonValue& added = add(Type::string);
    added.text = std::move(text);
    return true;
  }
  bool start_object() override { return open(Type::object); }
  bool start_array() override { return open(Type::array); }
  bool key(std::string& name) override {
    next_token();
    JsonMember& added = open_[depth_ - 1]->members.emplace_back();
    added.key = std::move(name);
    added.offset = static_cast<std::uint32_t>(begin_);
    last_ = Last::key;
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  void fault(std::size_t read) override { read_ = read; }

  /// What stopped the parser: the place as an offset, the message, a hint.
  std::pair<std::size_t, Diagnostic> explanation() const;

 private:
  enum class Last { nothing, open, key, value };

  /// Moves to the token that the parser has just read.
  void next_token() {
    begin_ = token.begin;
    end_ = token.end;
  }
  JsonValue& add(Type type) {
    next_token();
    JsonValue* value = &root_;
    if (depth_ > 0) {
      JsonValue& parent = *open_[depth_ - 1];
      value = parent.is(Type::array) ? &parent.items.emplace_back() : &parent.members.back().value;
    }
    value->type = type;
    value->offset = static_cast<std::uint32_t>(begin_);
    last_ = Last::value;
    return *value;
  }
  bool number(Type type) {
    JsonValue& value = add(type);
    const std::size_t sign = text_[begin_] == '-' ? 1 : 0;
    const char first = text_[begin_ + sign];
    if (first == 'N' || first == 'I') value.type = Type::nonfinite;
    value.text.assign(text_.data() + begin_, end_ - begin_);
    return true;
  }
  bool open(Type type) {
    if (depth_ == kDeepest) {
      next_token();
      too_deep_ = true;
      return false;
    }
    // The values of a list or object do not move while one of them is being filled.
    JsonValue& added = add(type);
    open_[depth_] = &added;
    ++depth_;
    if (type == Type::object && roomy_ > 0) {
      added.members.reserve(kUsualKeys);
      --roomy_;
    }
    last_ = Last::open;
    return true;
  }
  bool close() {
    next_token();
    --depth_;
    last_ = Last::value;
    return true;
  }

  Diagnostic string_fault(std::size_t& at) const;
  Diagnostic found(std::string expected, std::size_t at) const;

  std::string_view text_;
  std::size_t begin_ = 0;  // of the last token
  std::size_t end_;        // one past it
  std::size_t read_ = 0;   // bytes that the parser had read when it stopped
  JsonValue& root_;
  std::array<JsonValue*, kDeepest> open_{};
  std::size_t depth_ = 0;
  /// Room is made ahead in the first objects alone, which have most keys. Hostile files have many small ones.
  static constexpr std::size_t kUsualKeys = 32;
  unsigned roomy_ = 3;
  Last last_ = Last::nothing;
  bool too_deep_ = false;
};

Diagnostic message(std::string expected, const std::string& found, std::string hint = {}) {
  return {"", "", "expected " + std::move(expected) + ", found " + found, std::move(hint)};
}

std::string hex_byte(char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'0', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

/// The word or number at `at`, cut where it is long.
std::string word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && continues_word(text[end])) ++end;
  constexpr std::size_t kShown = 40;
  return end - at <= kShown ? std::string(text.substr(at, end - at)) : std::string(text.substr(at, kShown)) + "…";
}

Diagnostic Builder::found(std::string expected, std::size_t at) const {
  if (at >= text_.size()) return message(std::move(expected), "the end of the file");
  const char c = text_[at];
  const bool key = expected.starts_with("a key");
  if (c == '"') return message(std::move(expected), "a string");
  if (is_digit(c) || c == '-') return message(std::move(expected), "a number");
  if (c == '/' && (text_.substr(at, 2) == "//" || text_.substr(at, 2) == "/*")) {
    return message(std::move(expected), "a comment", "JSON has none: remove it");
  }
  if (c == '\'') return message(std::move(expected), "'", "use double quotes");
  if (starts_word(c)) {
    static constexpr std::string_view kLiterals[] = {"true", "false", "null"};
    std::string word = word_at(text_, at);
    std::string hint = key ? "put keys in double quotes" : did_you_mean(word, kLiterals);
    if (hint.empty() && expected.find("value") != std::string::npos) hint = "put words in double quotes";
    return message(std::move(expected), word, std::move(hint));
  }
  if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
    return message(std::move(expected), "byte " + hex_byte(c));
  }
  const bool comma_before = (c == '}' || c == ']') && expected.ends_with("after ','");
  return message(std::move(expected), std::string{'\'', c, '\''}, comma_before ? "remove the comma" : "");
}

Diagnostic Builder::string_fault(std::size_t& at) const {
  const std::size_t quote = at;
  for (++at; at < text_.size() && text_[at] != '"'; ++at) {
    const char c = text_[at];
    if (c == '\n' || c == '\r') return at = quote, message("a closing '\"'", "the end of the line");
    if (static_cast<unsigned char>(c) < 0x20) {
      return message("a character", "control character " + hex_byte(c), "write it as \\u00" + hex_byte(c).substr(2));
    }
    if (c != '\\') continue;
    const std::size_t backslash = at++;
    if (at >= text_.size()) break;
    if (std::strchr("\"\\/bfnrt", text_[at]) != nullptr) continue;
    // An escape that the parser went past was a good one.
    const std::size_t length = std::min<std::size_t>(6, text_.size() - backslash);
    if (text_[at] == 'u' && read_ > backslash + length) continue;
    at = backslash;
    if (text_[at + 1] == 'u') return message("\\u and four hexadecimal digits of a character", "another escape");
    return message("an escape such as \\n or \\u0041",
                   found("", at + 1).message.substr(std::strlen("expected , found ")));
  }
  if (at >= text_.size()) return at = quote, message("a closing '\"'", "the end of the file");
  at = read_ == 0 ? quote : read_ - 1;
  if (at >= text_.size()) at = text_.size() - 1;
  if (static_cast<unsigned char>(text_[at]) < 0x80) {
    return at = quote, message("surrogate escapes in pairs, such as \\ud83d\\ude00", "half a pair");
  }
  return message("UTF-8 text", "byte " + hex_byte(text_[at]));
}

std::pair<std::size_t, Diagnostic> Builder::explanation() const {
  if (too_deep_) {
    return {begin_, message("at most " + std::to_string(kDeepest) + " lists and objects inside one another", "more")};
  }
  std::size_t at = skip_space(text_, end_);
  const bool in_object = depth_ > 0 && open_[depth_ - 1]->is(Type::object);
  const auto at_char = [&](char c) { return at < text_.size() && text_[at] == c; };
  bool value = false;
  std::string expected;
  switch (last_) {
    case Last::nothing:
      expected = "a JSON value";
      value = true;
      break;
    case Last::open:
      expected = in_object ? "a key or '}'" : "a value or ']'";
      value = !in_object;
      break;
    case Last::key:
      expected = "':' after a key";
      if (at_char(':')) {
        at = skip_space(text_, at + 1);
        expected = "a value after ':'";
        value = true;
      }
      break;
    case Last::value:
      if (depth_ == 0) {
        expected = "the end of the file";
      } else if (at_char(',')) {
        at = skip_space(text_, at + 1);
        expected = in_object ? "a key after ','" : "a value after ','";
        value = !in_object;
      } else {
        expected = in_object ? "',' or '}'" : "',' or ']'";
      }
      break;
  }
  const bool key = expected.starts_with("a key");
  if ((value || key) && at_char('"')) {
    Diagnostic diagnostic = string_fault(at);
    return {at, std::move(diagnostic)};
  }
  std::size_t number = at;
  // "01" and "1.": the parser stops behind the part that is a number.
  if (last_ == Last::value && at == end_ && at < text_.size() && continues_word(text_[at]) && is_digit(text_[at - 1])) {
    number = begin_;
    value = true;
  }
  if (value && number < text_.size() && (is_digit(text_[number]) || text_[number] == '-')) {
    const std::string word = word_at(text_, number);
    const bool whole = is_digit(word.back()) && number_end(text_, number) == number + word.size();
    return {number, whole ? message("a number below 1.8e308", word) : message("a number", word)};
  }
  return {at, found(std::move(expected), at)};
}

[[noreturn]] void fail(std::string_view text, std::string_view source, std::size_t at, Diagnostic diagnostic) {
  diagnostic.source = source;
  diagnostic.place = line_and_column(text, static_cast<std::uint32_t>(at));
  throw InputError(std::move(diagnostic));
}

void find_repeated(const JsonValue& value, const std::string& pointer, std::vector<std::string>& found) {
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const JsonValue& item = value.items[i];
    if (item.is(Type::object) || item.is(Type::array)) find_repeated(item, child_pointer(pointer, i), found);
  }
  if (!value.is(Type::object)) return;
  std::vector<std::string_view> keys;
  keys.reserve(value.members.size());
  for (const JsonMember& member : value.members) keys.push_back(member.key);
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 1; i < keys.size(); ++i) {
    const bool first_repeat = keys[i] == keys[i - 1] && (i == 1 || keys[i] != keys[i - 2]);
    if (first_repeat) found.push_back(child_pointer(pointer, keys[i]));
  }
  for (const JsonMember& member : value.members) {
    if (member.value.is(Type::object) || member.value.is(Type::array)) {
      find_repeated(member.value, child_pointer(pointer, member.key), found);
    }
  }
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  AskedKeys::ask(key);
  for (const JsonMember& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

JsonDocument parse_json(std::string_view text, std::string_view source) {
  if (text.size() > kLongestText) {
    throw InputError(Diagnostic{std::string(source), "", "expected a JSON text, found one above 2 GiB", ""});
  }
  const std::size_t start = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  if (skip_space(text, start) == text.size()) {
    throw InputError(Diagnostic{std::string(source), "", "expected JSON, found nothing: the file is empty", ""});
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    fail(text, source, 0, message("UTF-8 text", "UTF-16", "save the file as UTF-8"));
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    fail(text, source, nul, message("JSON text", "a zero byte", "is this a binary file?"));
  }

  JsonDocument document{std::string(source), std::string(text), {}};
  std::string masked;
  std::string_view parsed = document.text;
  if (parsed.find("NaN") != std::string_view::npos || parsed.find("Infinity") != std::string_view::npos) {
    masked = without_nonfinite(parsed);
    parsed = masked;
  }
  Builder builder(document.text, start, document.root);
  if (!read_json_events(parsed, builder)) {
    auto [at, diagnostic] = builder.explanation();
    fail(text, source, at, std::move(diagnostic));
  }
  return document;
}

std::string line_and_column(std::string_view text, std::uint32_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
  if (newline == std::string_view::npos && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  // Continuation bytes of UTF-8 are no characters of their own.
  const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return std::to_string(lines + 1) + ":" + std::to_string(columns + 1);
}

std::string escaped(std::string_view key) {
  std::string text(key);
  if (is_plain(key)) return text;
  for (std::size_t at = text.find_first_of("~/"); at != std::string::npos; at = text.find_first_of("~/", at + 2)) {
    text.replace(at, 1, text[at] == '~' ? "~0" : "~1");
  }
  return text;
}

std::string child_pointer(std::string_view parent, std::string_view key) {
  std::string pointer;
  pointer.reserve(parent.size() + 1 + key.size());
  (pointer += parent) += '/';
  return is_plain(key) ? pointer += key : pointer += escaped(key);
}

std::string child_pointer(std::string_view parent, std::size_t index) {
  return std::string(parent) + "/" + std::to_string(index);
}

std::string describe(const JsonValue& value) {
  constexpr std::size_t kShown = 40;
  const auto cut = [](std::string_view text) {
    if (text.size() <= kShown) return std::string(text);
    std::size_t end = kShown;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    return std::string(text.substr(0, end)) + "…";
  };
  switch (value.type) {
    case Type::null: return "null";
    case Type::boolean: return value.boolean ? "true" : "false";
    case Type::integer:
    case Type::real:
    case Type::nonfinite: return cut(value.text);
    case Type::string: return '"' + cut(value.text) + '"';
    case Type::array: return value.items.empty() ? "an empty list" : "a list";
    case Type::object: return "an object";
  }
  return {};
}

std::vector<std::string> repeated_keys(const JsonValue& root) {
  std::vector<std::string> found;
  find_repeated(root, "", found);
  return found;
}

}  // namespace ctxcost
