#include "config_changes.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

bool is_number(const JsonValue& value) { return value.is(Type::integer) || value.is(Type::real); }

double number_of(const JsonValue& value) {
  double number = 0;
  std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  return number;
}

/// Finds the members of an object: of a large one in a table.
class MemberIndex {
 public:
  explicit MemberIndex(const JsonValue& object) : object_(object) {
    if (object.members.size() <= kFew) return;
    table_.reserve(object.members.size());
    for (const JsonMember& member : object.members) table_.emplace(member.key, &member.value);
  }
  const JsonValue* find(const std::string& key) const {
    if (table_.empty()) return object_.find(key);
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : found->second;
  }

 private:
  static constexpr std::size_t kFew = 64;
  const JsonValue& object_;
  std::unordered_map<std::string_view, const JsonValue*> table_;
};

bool equal(const JsonValue& a, const JsonValue& b) {
  if (is_number(a) && is_number(b) && a.type != b.type) return number_of(a) == number_of(b);
  if (a.type != b.type || a.boolean != b.boolean || a.text != b.text) return false;
  if (a.members.size() != b.members.size()) return false;
  const MemberIndex others(b);
  for (const JsonMember& member : a.members) {
    const JsonValue* other = others.find(member.key);
    if (other == nullptr || !equal(member.value, *other)) return false;
  }
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), equal);
}

bool all_objects(const JsonValue& list) {
  return std::all_of(list.items.begin(), list.items.end(), [](const JsonValue& item) { return item.is(Type::object); });
}

class Collector {
 public:
  std::vector<ConfigChange> found;

  void collect(const JsonValue& before, const JsonValue& after) {
    if (before.is(Type::object) && after.is(Type::object)) {
      const MemberIndex old_members(before), new_members(after);
      for (const JsonMember& member : before.members) {
        const JsonValue* other = new_members.find(member.key);
        const Step step(*this, member.key);
        other == nullptr ? add(&member.value, nullptr) : collect(member.value, *other);
      }
      for (const JsonMember& member : after.members) {
        const Step step(*this, member.key);
        if (old_members.find(member.key) == nullptr) add(nullptr, &member.value);
      }
    } else if (before.is(Type::array) && after.is(Type::array) && before.items.size() == after.items.size() &&
               all_objects(before) && all_objects(after)) {
      for (std::size_t i = 0; i < before.items.size(); ++i) {
        const std::string index = std::to_string(i);
        const Step step(*this, index);
        collect(before.items[i], after.items[i]);
      }
    } else if (!equal(before, after)) {
      add(&before, &after);
    }
  }

 private:
  struct Step {
    Step(Collector& collector, std::string_view key) : collector_(collector) { collector_.path_.push_back(key); }
    ~Step() { collector_.path_.pop_back(); }
    Collector& collector_;
  };

  void add(const JsonValue* before, const JsonValue* after) {
    std::string pointer;
    for (const std::string_view key : path_) pointer = child_pointer(pointer, key);
    found.push_back({{path_.begin(), path_.end()}, std::move(pointer), before, after});
  }

  std::vector<std::string_view> path_;
};

}  // namespace

std::vector<ConfigChange> config_changes(const JsonValue& before, const JsonValue& after) {
  Collector collector;
  collector.collect(before, after);
  return std::move(collector.found);
}

JsonValue* child_at(JsonValue& parent, std::string_view key) {
  if (parent.is(Type::array)) {
    std::size_t index = parent.items.size();
    const char* const end = key.data() + key.size();
    if (std::from_chars(key.data(), end, index).ptr != end) return nullptr;
    return index < parent.items.size() ? &parent.items[index] : nullptr;
  }
  for (JsonMember& member : parent.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

AppliedChange::AppliedChange(JsonValue& root, const ConfigChange& change) {
  JsonValue* parent = &root;
  for (std::size_t i = 0; i + 1 < change.path.size(); ++i) {
    parent = child_at(*parent, change.path[i]);
    if (parent == nullptr) return;
  }
  JsonValue* const value = change.path.empty() ? &root : child_at(*parent, change.path.back());
  if (change.after != nullptr && value != nullptr) {
    before_ = std::exchange(*value, *change.after);
    place_ = value;
    kind_ = Kind::replaced;
    return;
  }
  place_ = parent;
  std::vector<JsonMember>& members = parent->members;
  if (change.after != nullptr) {
    members.push_back({change.path.back(), change.after->offset, *change.after});
    kind_ = Kind::added;
    return;
  }
  for (std::size_t i = members.size(); i-- > 0;) {
    if (members[i].key != change.path.back()) continue;
    const auto at = members.begin() + static_cast<std::ptrdiff_t>(i);
    removed_.emplace(removed_.begin(), i, std::move(*at));
    members.erase(at);
  }
  kind_ = Kind::removed;
}

AppliedChange::~AppliedChange() {
  if (kind_ == Kind::replaced) *place_ = std::move(before_);
  if (kind_ == Kind::added) place_->members.pop_back();
  // There was room for them before.
  for (auto& [place, member] : removed_) {
    place_->members.insert(place_->members.begin() + static_cast<std::ptrdiff_t>(place), std::move(member));
  }
}

}  // namespace ctxcost
