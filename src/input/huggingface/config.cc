#include "config.h"

#include <algorithm>
#include <utility>

#include "input/json/asked_keys.h"

namespace ctxcost::huggingface {
namespace {

/// More layers than any model has, few enough to remember one by one.
constexpr std::uint32_t kMostLayers = 4096;

std::string at_least(std::uint32_t minimum) {
  if (minimum == 0) return "a non-negative integer";
  if (minimum == 1) return "a positive integer";
  return "an integer of at least " + std::to_string(minimum);
}

/// "4096" of 4096.0, as some tools write integers; empty for other numbers.
std::string_view whole_number(const JsonValue& value) {
  std::string_view text = value.text;
  if (value.is(JsonValue::Type::integer)) return text;
  const std::size_t point = text.find('.');
  if (!value.is(JsonValue::Type::real) || text.find_first_not_of('0', point + 1) != std::string_view::npos) return {};
  return text.substr(0, point);
}

bool is_quoted_number(const JsonValue& value) {
  return value.is(JsonValue::Type::string) && parse_digits(value.text).has_value();
}

}  // namespace

Config::Config(const JsonValue& object, std::string pointer, Findings& findings)
    : scopes_{{&object, std::move(pointer), KeySieve(object)}}, findings_(&findings) {}

Config Config::over(const JsonValue& object, std::string pointer) const {
  Config both = *this;
  both.scopes_.insert(both.scopes_.begin(), Scope{&object, std::move(pointer), KeySieve(object)});
  return both;
}

Config Config::file() const {
  Config last = *this;
  last.scopes_.erase(last.scopes_.begin(), last.scopes_.end() - 1);
  return last;
}

std::string Config::Found::place() const {
  std::string pointer = child_pointer(parent, key);
  return index ? child_pointer(pointer, *index) : pointer;
}

Config::Found Config::find(const Keys& keys, std::size_t scopes) const {
  for (const Scope& scope : std::span(scopes_).first(scopes)) {
    for (const std::string_view name : keys.names()) {
      AskedKeys::ask(name);
      if (!scope.keys.may_hold(name)) continue;
      const JsonValue* value = nullptr;
      std::size_t times = 0;
      for (const JsonMember& member : scope.object->members) {
        if (member.key != name) continue;
        if (times++ == 0) value = &member.value;
      }
      if (value == nullptr) continue;
      const Found found{value, scope.pointer, name, {}};
      if (times > 1) reject_repeated(found, times);
      return found;
    }
  }
  return {};
}

void Config::reject_repeated(const Found& found, std::size_t times) const {
  Diagnostic fault{findings_->source, found.place(),
                   "expected one value, found the key " + std::to_string(times) + " times", ""};
  std::vector<Diagnostic>& faults = findings_->faults;
  if (std::find(faults.begin(), faults.end(), fault) == faults.end()) faults.push_back(std::move(fault));
}

bool Config::has(const Keys& keys) const {
  const Found found = find(keys);
  return found && !found.value->is(JsonValue::Type::null);
}

bool Config::is_null(const Keys& keys) const {
  const Found found = find(keys);
  return found && found.value->is(JsonValue::Type::null);
}

void Config::wrong(const Found& found, std::string_view expected) const {
  findings_->faults.push_back({findings_->source, found.place(),
                               "expected " + std::string(expected) + ", found " + describe(*found.value),
                               is_quoted_number(*found.value) ? "remove the quotes" : ""});
}

void Config::fault(const Keys& keys, std::string message, std::string hint) const {
  Found found = find(keys);
  if (!found) found = {nullptr, scopes_.front().pointer, keys.name(), {}};
  findings_->faults.push_back({findings_->source, found.place(), std::move(message), std::move(hint)});
}

void Config::note(std::string text) const {
  std::vector<std::string>& notes = findings_->notes;
  if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(std::move(text));
}

void Config::assume(std::string text) const {
  std::vector<std::string>& assumptions = findings_->assumptions;
  if (std::find(assumptions.begin(), assumptions.end(), text) == assumptions.end()) assumptions.push_back(text);
  note(std::move(text));
}

void Config::took_default(std::string_view key, std::string_view value) const {
  std::string text;
  text.reserve(key.size() + 1 + value.size());
  ((text += key) += ' ') += value;
  std::vector<std::string>& defaults = findings_->defaults;
  if (std::find(defaults.begin(), defaults.end(), text) == defaults.end()) defaults.push_back(std::move(text));
}

std::optional<Count> Config::read_count(const Found& found, std::uint32_t minimum) const {
  const std::optional<Count> value = parse_digits(whole_number(*found.value));
  if (value && *value >= Count{minimum}) return value;
  wrong(found, at_least(minimum));
  return std::nullopt;
}

void Config::remember(std::string key, Count value, bool absent) const {
  KeyRead read{std::move(key), value, absent};
  std::vector<KeyRead>& keys = findings_->keys;
  if (std::find(keys.begin(), keys.end(), read) == keys.end()) keys.push_back(std::move(read));
}

std::optional<Count> Config::read_key(const Found& found, std::uint32_t minimum) const {
  const std::optional<Count> value = read_count(found, minimum);
  // The pointer without its first slash.
  if (value)
    remember(found.parent.empty() ? escaped(found.key) : child_pointer(found.parent.substr(1), found.key), *value,
             false);
  return value;
}

Count Config::count(const Keys& keys, Count class_default, std::uint32_t minimum) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) {
    took_default(keys.name(), to_string(class_default));
    remember(std::string(keys.name()), class_default, true);
    return class_default;
  }
  return read_key(found, minimum).value_or(class_default);
}

Count Config::required(const Keys& keys, std::uint32_t minimum) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) {
    fault(keys, "expected " + at_least(minimum) + ", found nothing");
    return max(minimum, 1);
  }
  return read_key(found, minimum).value_or(max(minimum, 1));
}

std::optional<Count> Config::nullable(const Keys& keys, std::optional<Count> class_default,
                                      std::uint32_t minimum) const {
  const Found found = find(keys);
  if (!found) {
    if (class_default) {
      took_default(keys.name(), to_string(*class_default));
      remember(std::string(keys.name()), *class_default, true);
    }
    return class_default;
  }
  if (found.value->is(JsonValue::Type::null)) return std::nullopt;
  return read_key(found, minimum);
}

bool Config::flag(const Keys& keys, bool class_default) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) {
    took_default(keys.name(), class_default ? "true" : "false");
    return class_default;
  }
  if (!found.value->is(JsonValue::Type::boolean)) {
    wrong(found, "true or false");
    return class_default;
  }
  return found.value->boolean;
}

std::string Config::text(const Keys& keys, std::string_view class_default) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) {
    if (!class_default.empty()) took_default(keys.name(), class_default);
    return std::string(class_default);
  }
  if (!found.value->is(JsonValue::Type::string)) {
    wrong(found, "a string");
    return std::string(class_default);
  }
  return found.value->text;
}

std::string Config::number(const Keys& keys) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) return {};
  if (!found.value->is(JsonValue::Type::integer) && !found.value->is(JsonValue::Type::real)) {
    wrong(found, "a number");
    return {};
  }
  return found.value->text;
}

std::string Config::number(const Keys& keys, std::string_view class_default) const {
  std::string text = number(keys);
  if (text.empty()) {
    text = class_default;
    took_default(keys.name(), class_default);
  }
  return text;
}

std::optional<std::vector<Count>> Config::counts(const Keys& keys) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) return std::nullopt;
  if (!found.value->is(JsonValue::Type::array)) {
    wrong(found, "a list of integers");
    return std::nullopt;
  }
  std::vector<Count> list;
  list.reserve(found.value->items.size());
  for (std::size_t i = 0; i < found.value->items.size(); ++i) {
    const JsonValue& item = found.value->items[i];
    if (item.is(JsonValue::Type::boolean)) {
      list.push_back(item.boolean ? 1 : 0);
    } else {
      list.push_back(read_count(found.item(i), 0).value_or(0));
    }
  }
  return list;
}

std::optional<std::vector<std::string>> Config::texts(const Keys& keys) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) return std::nullopt;
  if (!found.value->is(JsonValue::Type::array)) {
    wrong(found, "a list of strings");
    return std::nullopt;
  }
  std::vector<std::string> list;
  list.reserve(found.value->items.size());
  for (std::size_t i = 0; i < found.value->items.size(); ++i) {
    const JsonValue& item = found.value->items[i];
    if (!item.is(JsonValue::Type::string)) wrong(found.item(i), "a string");
    list.push_back(item.text);
  }
  return list;
}

std::optional<Config> Config::object(const Keys& keys) const {
  const Found found = find(keys);
  if (!found || found.value->is(JsonValue::Type::null)) return std::nullopt;
  if (!found.value->is(JsonValue::Type::object)) {
    wrong(found, "an object");
    return std::nullopt;
  }
  return Config(*found.value, found.place(), *findings_);
}

std::uint32_t Config::layers(const Keys& keys, std::uint32_t class_default) const {
  const Count value = count(keys, class_default);
  if (value <= Count{kMostLayers}) return static_cast<std::uint32_t>(value.u64());
  fault(keys, "expected at most " + std::to_string(kMostLayers) + " layers, found " + to_string(value));
  return 1;
}

std::optional<std::vector<Count>> Config::counts_per_layer(const Keys& keys, std::uint32_t layers) const {
  std::optional<std::vector<Count>> list = counts(keys);
  if (list && list->size() != layers) {
    fault(keys, "expected one entry a layer (" + std::to_string(layers) + "), found " + std::to_string(list->size()));
    list->resize(layers);
  }
  return list;
}

std::optional<std::vector<std::string>> Config::texts_per_layer(const Keys& keys, std::uint32_t layers) const {
  std::optional<std::vector<std::string>> list = texts(keys);
  if (list && list->size() != layers) {
    fault(keys, "expected one entry a layer (" + std::to_string(layers) + "), found " + std::to_string(list->size()));
    return std::nullopt;
  }
  return list;
}

}  // namespace ctxcost::huggingface
