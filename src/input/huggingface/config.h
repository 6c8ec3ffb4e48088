// A cursor over a config.json: typed reads by key, class defaults for what is absent, faults with their place.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost::huggingface {

/// One key, or alternative names of it; the first one that is present is read.
class Keys {
 public:
  Keys(const char* name) : names_{name}, count_(1) {}  // NOLINT(google-explicit-constructor)
  Keys(std::initializer_list<std::string_view> names) : count_(names.size()) {
    std::copy_n(names.begin(), count_, names_.begin());
  }
  std::span<const std::string_view> names() const { return std::span(names_).first(count_); }
  /// The name that messages use.
  std::string_view name() const { return names_.front(); }

 private:
  std::array<std::string_view, 8> names_;  // as many as any reader asks for: keys are made at every read
  std::size_t count_;
};

/// Data gathered while reading a file, from all its parts.
struct Findings {
  std::string source;  ///< the file, for faults
  bool assume_full = false;
  std::vector<Diagnostic> faults;
  std::vector<std::string> defaults;  ///< "head_dim 256": absent keys and the class defaults they took
  std::vector<std::string> notes;
  std::vector<std::string> assumptions;  ///< those of the notes that figures depend on
  std::vector<KeyRead> keys;             ///< integers that were read
};

/// The keys of one object, by length and two characters: most that readers ask for stand in no file. Of a key that it
/// does not say it may hold, the object has none.
class KeySieve {
 public:
  explicit KeySieve(const JsonValue& object) {
    for (const JsonMember& member : object.members) places_.set(place_of(member.key));
  }
  bool may_hold(std::string_view key) const { return places_.test(place_of(key)); }

 private:
  static constexpr std::size_t kPlaces = 256;
  static std::size_t place_of(std::string_view key) {
    if (key.empty()) return 0;
    const auto first = static_cast<unsigned char>(key.front()), last = static_cast<unsigned char>(key.back());
    return (key.size() * 53 + first * std::size_t{11} + last) % kPlaces;
  }

  std::bitset<kPlaces> places_;
};

/// A view of one object of the file, or of several laid over each other (`text_config` before the whole file).
/// Reads never throw: a fault is recorded and a harmless value returned, so that all faults are reported at once.
/// Keys that nobody reads may hold anything.
class Config {
  struct Scope {
    const JsonValue* object;
    std::string pointer;
    KeySieve keys;
  };

 public:
  /// The object must outlive the view and stay as it is.
  Config(const JsonValue& object, std::string pointer, Findings& findings);
  /// `object` laid over this view: its keys win.
  Config over(const JsonValue& object, std::string pointer) const;
  /// The whole file alone, for keys that a part laid over it has, too, with another meaning.
  Config file() const;

  /// Returns whether a part of the file overrides the rest, because the language model is one of several.
  bool nested() const { return scopes_.size() > 1; }

  /// A value and where it stands: a place in the config that it was found in, which must outlive it.
  struct Found {
    const JsonValue* value = nullptr;
    std::string_view parent = {};  ///< pointer of the object
    std::string_view key = {};
    std::optional<std::size_t> index = {};  ///< of an item, in the list at the key
    explicit operator bool() const { return value != nullptr; }
    /// The pointer.
    std::string place() const;
    /// An item of this list.
    Found item(std::size_t i) const { return {&value->items[i], parent, key, i}; }
  };
  /// Returns the first of those keys that is present, even if null.
  Found find(const Keys& keys) const { return find(keys, scopes_.size()); }
  /// The same without the parts of the file that are laid under the front one.
  Found own(const Keys& keys) const { return find(keys, 1); }
  /// The object itself, where its keys are names.
  const JsonValue& front() const { return *scopes_.front().object; }
  /// Returns whether the key is present and not null.
  bool has(const Keys& keys) const;
  /// Returns whether the key is null: None in the configuration class, which differs from absent.
  bool is_null(const Keys& keys) const;

  /// Reads an integer of at least `minimum`. If absent or null, takes the class default and records that.
  Count count(const Keys& keys, Count class_default, std::uint32_t minimum = 1) const;
  /// Reads an integer without a class default. An absent key is a fault.
  Count required(const Keys& keys, std::uint32_t minimum = 1) const;
  /// Null: empty. Absent: the class default (recorded), which may be empty, too.
  std::optional<Count> nullable(const Keys& keys, std::optional<Count> class_default = std::nullopt,
                                std::uint32_t minimum = 0) const;
  /// Absent or null: the class default, recorded.
  bool flag(const Keys& keys, bool class_default) const;
  std::string text(const Keys& keys, std::string_view class_default) const;
  /// The number as written ("8.0"); empty when absent or null.
  std::string number(const Keys& keys) const;
  /// The same; an absent one has its class default, which a note lists.
  std::string number(const Keys& keys, std::string_view class_default) const;
  /// A list of non-negative integers or booleans (as 0 and 1); empty when absent or null.
  std::optional<std::vector<Count>> counts(const Keys& keys) const;
  std::optional<std::vector<std::string>> texts(const Keys& keys) const;
  /// A nested object; empty when absent or null.
  std::optional<Config> object(const Keys& keys) const;

  /// Number of layers: limited, since each is remembered by its index.
  std::uint32_t layers(const Keys& keys, std::uint32_t class_default) const;
  /// Reads a list with one entry per layer. Another length is a fault. Empty if absent.
  std::optional<std::vector<Count>> counts_per_layer(const Keys& keys, std::uint32_t layers) const;
  std::optional<std::vector<std::string>> texts_per_layer(const Keys& keys, std::uint32_t layers) const;

  /// A fault at that key (or where it would stand).
  void fault(const Keys& keys, std::string message, std::string hint = {}) const;
  void note(std::string text) const;
  /// A note on something that figures depend on and the file does not say.
  void assume(std::string text) const;
  /// Records that `key` was absent and which default it took.
  void took_default(std::string_view key, std::string_view value) const;
  bool assume_full() const { return findings_->assume_full; }
  Findings& findings() const { return *findings_; }

 private:
  Found find(const Keys& keys, std::size_t scopes) const;
  std::optional<Count> read_count(const Found& found, std::uint32_t minimum) const;
  /// The same of a key, which is remembered with its value.
  std::optional<Count> read_key(const Found& found, std::uint32_t minimum) const;
  void remember(std::string key, Count value, bool absent) const;
  /// A key that is read and stands more than once is a fault: readers of JSON disagree on which value counts.
  void reject_repeated(const Found& found, std::size_t times) const;
  void wrong(const Found& found, std::string_view expected) const;

  std::vector<Scope> scopes_;
  Findings* findings_;
};

}  // namespace ctxcost::huggingface
