#include "cursor.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/choices.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

/// Keys of the longest table: a cursor has a bit for each.
constexpr std::size_t kMostRows = 64;

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

/// The integer in `value`. Empty if there is none, or not one in the range.
std::optional<Count> count_within(const JsonValue& value, const CountRange& range) {
  if (!value.is(Type::integer)) return std::nullopt;
  const std::optional<Count> count = parse_digits(value.text);
  if (!count || *count < range.least || (range.most && *count > *range.most)) return std::nullopt;
  return count;
}

CountRange range_of(const FileKey* row) {
  if (row == nullptr) return {};
  CountRange range{.least = row->rules.minimum};
  if (row->rules.maximum > 0) range.most = row->rules.maximum;
  return range;
}

/// Whether no two members have the same key. May say no of an object with many members.
bool surely_differ(const std::vector<JsonMember>& members) {
  constexpr std::size_t kFew = 8;
  if (members.size() > kFew) return false;
  for (auto one = members.begin(); one != members.end(); ++one) {
    for (auto other = members.begin(); other != one; ++other) {
      if (other->key == one->key) return false;
    }
  }
  return true;
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

std::vector<Faults::Fault> Faults::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const Fault& a, const Fault& b) { return a.offset < b.offset; });
  if (left_out_ > 0) found_.push_back({0, {source_, "", "and " + std::to_string(left_out_) + " more faults", ""}});
  return std::move(found_);
}

void Faults::throw_if_any() {
  if (found_.empty()) return;
  std::vector<Diagnostic> diagnostics;
  for (Fault& fault : take()) diagnostics.push_back(std::move(fault.diagnostic));
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
  if (const std::optional<Count> count = count_within(value, range)) return count;
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
  if (parse_digits(value.text)) return wrong();
  faults.add(value.offset, pointer, "expected an integer below 2^128, found " + describe(value));
  return std::nullopt;
}

ObjectCursor::ObjectCursor(const JsonValue& object, std::string pointer, Faults& faults, std::span<const FileKey> keys)
    : object_(&object), keys_(keys), pointer_(std::move(pointer)), faults_(&faults) {
  if (keys_.size() > kMostRows) throw std::logic_error("a table of more keys than the bits that remember them");
  known_.reserve(keys_.size());
  if (surely_differ(object.members)) return;
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

std::size_t ObjectCursor::place_in_table(std::string_view key) {
  for (std::size_t distance = 0; distance < keys_.size(); ++distance) {
    const std::size_t behind = last_row_ + distance;
    if (behind < keys_.size() && keys_[behind].name == key) return last_row_ = behind;
    if (distance <= last_row_ && keys_[last_row_ - distance].name == key) return last_row_ -= distance;
  }
  throw std::logic_error("the table of keys lacks " + std::string(key));
}

ObjectCursor::Asked ObjectCursor::ask(std::string_view key) {
  const JsonValue* const value = object_->find(key);
  const FileKey* row = nullptr;
  bool again = false;
  if (keys_.empty()) {
    again = std::find(known_.begin(), known_.end(), key) != known_.end();
  } else {
    const std::size_t place = place_in_table(key);
    row = &keys_[place];
    const std::uint64_t bit = std::uint64_t{1} << place;
    again = (asked_rows_ & bit) != 0;
    asked_rows_ |= bit;
  }
  if (!again) {
    known_.push_back(key);
    if (value != nullptr) ++found_;
  }
  return {row, value};
}

const JsonValue* ObjectCursor::find(std::string_view key) { return ask(key).value; }

std::optional<Count> ObjectCursor::count_of(const Asked& asked, std::string_view key, const CountRange& range) {
  if (asked.value == nullptr) return std::nullopt;
  // The pointer and the words of the range are those of a fault alone.
  if (const std::optional<Count> count = count_within(*asked.value, range)) return count;
  return read_count(*asked.value, pointer(key), *faults_, range);
}

std::optional<Count> ObjectCursor::count(std::string_view key, const CountRange& range) {
  return count_of(ask(key), key, range);
}

std::optional<Count> ObjectCursor::count(std::string_view key) {
  const Asked asked = ask(key);
  return asked.value == nullptr ? std::nullopt : count_of(asked, key, range_of(asked.row));
}

std::optional<Count> ObjectCursor::required_count(std::string_view key, const CountRange& range) {
  const Asked asked = ask(key);
  if (asked.value == nullptr) missing_.push_back({key, to_string(range)});
  return count_of(asked, key, range);
}

std::optional<Count> ObjectCursor::required_count(std::string_view key) {
  const Asked asked = ask(key);
  const CountRange range = range_of(asked.row);
  if (asked.value == nullptr) missing_.push_back({key, to_string(range)});
  return count_of(asked, key, range);
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

std::optional<std::size_t> ObjectCursor::choice_of(const JsonValue* value, std::string_view key,
                                                   std::span<const std::string_view> words) {
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::string)) {
    const auto word = std::find(words.begin(), words.end(), value->text);
    if (word != words.end()) return static_cast<std::size_t>(word - words.begin());
  }
  wrong(key, either(words), value->is(Type::string) ? did_you_mean(value->text, words) : "");
  return std::nullopt;
}

std::optional<std::size_t> ObjectCursor::choice(std::string_view key, std::span<const std::string_view> words) {
  return choice_of(find(key), key, words);
}

std::optional<std::size_t> ObjectCursor::choice(std::string_view key) {
  const Asked asked = ask(key);
  if (asked.row == nullptr) throw std::logic_error("no table of keys says the choices of " + std::string(key));
  if (asked.value == nullptr) return std::nullopt;
  const ValueRules& rules = asked.row->rules;
  if (rules.words != nullptr) return choice_of(asked.value, key, rules.words());
  return choice_of(asked.value, key, split_choices(rules.choices));
}

std::optional<int> ObjectCursor::flag_or_word(std::string_view key) {
  const auto [row, value] = ask(key);
  if (value == nullptr) return std::nullopt;
  const std::string_view word = row->rules.choices;
  if (value->is(Type::boolean)) return value->boolean ? 1 : 0;
  if (value->is(Type::string) && value->text == word) return 2;
  std::string hint;
  if (value->is(Type::string)) {
    const bool quoted = value->text == "true" || value->text == "false";
    hint = quoted ? "remove the quotes" : did_you_mean(value->text, std::span(&word, 1));
  }
  wrong(key, "true, false or \"" + std::string(word) + "\"", std::move(hint));
  return std::nullopt;
}

std::optional<ObjectCursor> ObjectCursor::object(std::string_view key) {
  const auto [row, value] = ask(key);
  if (value == nullptr) return std::nullopt;
  if (value->is(Type::object)) {
    return ObjectCursor(*value, pointer(key), *faults_,
                        row == nullptr ? std::span<const FileKey>() : row->rules.members);
  }
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
  for (std::size_t place = 0; place < keys_.size(); ++place) {
    if ((asked_rows_ >> place & 1) != 0) continue;
    throw std::logic_error("nobody reads the key " + std::string(keys_[place].name));
  }
  if (found_ == object_->members.size() && missing_.empty()) return;
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
    if (const std::string_view match = near_match(member.key, missing); !match.empty()) misspelt.push_back(match);
    std::string hint = did_you_mean(member.key, missing);
    if (hint.empty()) hint = did_you_mean(member.key, known_);
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
