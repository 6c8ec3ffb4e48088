#include "input/cursor.h"

#include <algorithm>
#include <utility>

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

std::string expected_found(std::string_view expected, const JsonValue* value) {
  std::string message = "expected ";
  message += expected;
  message += ", found ";
  message += value == nullptr ? "nothing" : describe(*value);
  return message;
}

bool is_integer_text(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "32" of "32.0" and "32.00".
std::string_view whole_part(std::string_view text) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos || text.find_first_not_of('0', point + 1) != std::string_view::npos) return {};
  return is_integer_text(text.substr(0, point)) ? text.substr(0, point) : std::string_view{};
}

}  // namespace

void Faults::add(std::uint32_t offset, std::string place, std::string message, std::string hint) {
  if (many()) {
    ++left_out_;
    return;
  }
  Fault fault{offset, {source_, std::move(place), std::move(message), std::move(hint)}};
  const bool known = std::any_of(found_.begin(), found_.end(),
                                 [&fault](const Fault& other) { return other.diagnostic == fault.diagnostic; });
  if (!known) found_.push_back(std::move(fault));
}

void Faults::add(std::uint32_t offset, const std::string& place, const InputError& error) {
  for (const Diagnostic& diagnostic : error.diagnostics()) add(offset, place, diagnostic.message, diagnostic.hint);
}

void Faults::throw_if_any() {
  if (found_.empty()) return;
  std::stable_sort(found_.begin(), found_.end(), [](const Fault& a, const Fault& b) { return a.offset < b.offset; });
  std::vector<Diagnostic> diagnostics;
  for (Fault& fault : found_) diagnostics.push_back(std::move(fault.diagnostic));
  if (left_out_ > 0) diagnostics.push_back({source_, "", "and " + std::to_string(left_out_) + " more faults", ""});
  throw InputError(std::move(diagnostics));
}

std::string to_string(const CountRange& range) {
  std::string text = range.least == 0   ? "a non-negative integer"
                     : range.least == 1 ? "a positive integer"
                                        : "an integer of at least " + to_string(range.least);
  if (range.most) text += (range.least > 1 ? " and at most " : " of at most ") + to_string(*range.most);
  return text;
}

std::optional<Count> read_count(const JsonValue& value, const std::string& pointer, Faults& faults,
                                const CountRange& range, std::string expected) {
  if (expected.empty()) expected = to_string(range);
  const auto wrong = [&](std::string hint = {}) {
    faults.add(value.offset, pointer, expected_found(expected, &value), std::move(hint));
    return std::nullopt;
  };
  if (value.is(Type::string)) return wrong(is_integer_text(value.text) ? "remove the quotes" : "");
  if (value.is(Type::null)) return wrong("leave the key out");
  if (value.is(Type::real)) {
    const std::string_view whole = whole_part(value.text);
    return wrong(whole.empty() ? "" : "write " + std::string(whole));
  }
  if (!value.is(Type::integer) || value.text.front() == '-') return wrong();
  const std::optional<Count> count = parse_digits(value.text);
  if (!count) {
    faults.add(value.offset, pointer, "expected an integer below 2^128, found " + describe(value));
    return std::nullopt;
  }
  if (*count < range.least || (range.most && *count > *range.most)) return wrong();
  return count;
}

ObjectCursor::ObjectCursor(const JsonValue& object, std::string pointer, Faults& faults)
    : object_(&object), pointer_(std::move(pointer)), faults_(&faults) {
  std::vector<const JsonMember*> members;
  members.reserve(object.members.size());
  for (const JsonMember& member : object.members) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const JsonMember* a, const JsonMember* b) {
    const int order = a->key.compare(b->key);
    return order != 0 ? order < 0 : a->offset < b->offset;
  });
  for (std::size_t i = 1; i < members.size(); ++i) {
    if (members[i]->key != members[i - 1]->key) continue;
    faults.add(members[i]->offset, child_pointer(pointer_, members[i]->key), "repeated key", "keep one of them");
    while (i + 1 < members.size() && members[i + 1]->key == members[i]->key) ++i;
  }
}

const JsonValue* ObjectCursor::find(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  return object_->find(key);
}

std::optional<Count> ObjectCursor::count(std::string_view key, const CountRange& range) {
  const JsonValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  return read_count(*value, pointer(key), *faults_, range);
}

std::optional<Count> ObjectCursor::required_count(std::string_view key, const CountRange& range) {
  const JsonValue* value = required(key, to_string(range));
  return value == nullptr ? std::nullopt : read_count(*value, pointer(key), *faults_, range);
}

const JsonValue* ObjectCursor::required(std::string_view key, std::string expected) {
  const JsonValue* value = find(key);
  if (value == nullptr) missing_.push_back({key, std::move(expected)});
  return value;
}

std::optional<bool> ObjectCursor::flag(std::string_view key) {
  const JsonValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::boolean)) return value->boolean;
  const bool quoted = value->is(Type::string) && (value->text == "true" || value->text == "false");
  wrong(key, "true or false", quoted ? "remove the quotes" : "");
  return std::nullopt;
}

std::optional<std::string> ObjectCursor::text(std::string_view key) {
  const JsonValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::string)) return value->text;
  wrong(key, "a string");
  return std::nullopt;
}

std::optional<std::size_t> ObjectCursor::choice(std::string_view key, std::span<const std::string_view> words) {
  const JsonValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::string)) {
    const auto word = std::find(words.begin(), words.end(), value->text);
    if (word != words.end()) return static_cast<std::size_t>(word - words.begin());
  }
  wrong(key, either(words), value->is(Type::string) ? did_you_mean(value->text, words) : "");
  return std::nullopt;
}

std::optional<ObjectCursor> ObjectCursor::object(std::string_view key) {
  const JsonValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::object)) return ObjectCursor(*value, pointer(key), *faults_);
  wrong(key, "an object");
  return std::nullopt;
}

void ObjectCursor::fault(std::string_view key, std::string message, std::string hint) {
  const JsonValue* value = find(key);
  faults_->add(value == nullptr ? object_->offset : value->offset, pointer(key), std::move(message), std::move(hint));
}

void ObjectCursor::wrong(std::string_view key, std::string_view expected, std::string hint) {
  fault(key, expected_found(expected, find(key)), std::move(hint));
}

void ObjectCursor::finish(std::string_view what) {
  std::vector<std::string_view> misspelt;
  for (const JsonMember& member : object_->members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) continue;
    std::string message = "unknown key";
    if (!what.empty()) (message += ' ') += what;
    if (faults_->many()) {
      faults_->add(member.offset, "", std::move(message));
      continue;
    }
    // A missing key explains a misspelt one better than a key that is there.
    std::vector<std::string_view> missing;
    for (const Missing& row : missing_) missing.push_back(row.key);
    std::string_view match = near_match(member.key, missing);
    if (!match.empty()) {
      misspelt.push_back(match);
    } else {
      match = near_match(member.key, known_);
    }
    std::string hint = match.empty() ? "" : "did you mean \"" + std::string(match) + "\"?";
    faults_->add(member.offset, pointer(member.key), std::move(message), std::move(hint));
  }
  for (const Missing& row : missing_) {
    if (std::find(misspelt.begin(), misspelt.end(), row.key) != misspelt.end()) continue;
    faults_->add(object_->offset, pointer(row.key), expected_found(row.expected, nullptr));
  }
}

std::string either(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    ((text += '"') += words[i]) += '"';
  }
  return text;
}

}  // namespace ctxcost
