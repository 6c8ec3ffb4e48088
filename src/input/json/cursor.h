// Strict reading of JSON objects: every key is read by name, every other key is a fault, and all faults are gathered
// before any is reported.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/diagnostic.h"
#include "file_key.h"
#include "json.h"

namespace ctxcost {

/// The faults of one file, in the order of its text.
class Faults {
 public:
  explicit Faults(std::string_view source) : source_(source) {}

  /// `offset` is where in the text it stands, for the order alone. The same fault is kept once.
  void add(std::uint32_t offset, std::string place, std::string message, std::string hint = {});
  /// Takes over what another reader threw about a value: its place becomes `place`.
  void add(std::uint32_t offset, const std::string& place, const InputError& error);
  bool none() const { return found_.empty(); }
  /// Returns whether there are enough faults to stop. Nobody reads more, and hostile files may have millions.
  bool many() const { return found_.size() >= 100; }
  /// Throws InputError if there is any fault.
  void throw_if_any();

  struct Fault {
    std::uint32_t offset;
    Diagnostic diagnostic;
  };
  /// All of them, in the order of the text.
  std::vector<Fault> take();

 private:
  std::string source_;
  std::vector<Fault> found_;
  std::size_t left_out_ = 0;
};

/// Bounds of an integer, both inclusive.
struct CountRange {
  Count least = 1;
  std::optional<Count> most = {};
};
/// "a positive integer", "an integer of at least 2", "a positive integer of at most 1000000".
std::string to_string(const CountRange& range);

/// The integer in `value`, or a fault at `pointer`. `expected` replaces the words for the range.
std::optional<Count> read_count(const JsonValue& value, const std::string& pointer, Faults& faults,
                                const CountRange& range = {}, std::string expected = {});

/// One object, read key by key. The typed reads give empty for an absent key, and for one whose value is a fault.
class ObjectCursor {
 public:
  /// Reports keys that stand twice. `object` must be an object and outlive the cursor. With a table, ranges, choices
  /// and the tables of nested objects come from it, and a key that is not in it may not be asked for.
  ObjectCursor(const JsonValue& object, std::string pointer, Faults& faults, std::span<const FileKey> keys = {});

  /// Knows keys that nobody reads.
  void know(std::span<const std::string_view> keys) { known_.insert(known_.end(), keys.begin(), keys.end()); }
  /// Returns the value of a key, of any type. Null if absent.
  const JsonValue* find(std::string_view key);
  std::optional<Count> count(std::string_view key, const CountRange& range);
  std::optional<Count> count(std::string_view key);
  /// The same; an absent key is a fault.
  std::optional<Count> required_count(std::string_view key, const CountRange& range);
  std::optional<Count> required_count(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  /// The index of the word in `words`.
  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> words);
  /// The same with the words of the table.
  std::optional<std::size_t> choice(std::string_view key);
  /// 0, 1 or 2 for false, true or the word of the table.
  std::optional<int> flag_or_word(std::string_view key);
  /// Returns the value of a required key. An absent key is the fault "expected …, found nothing".
  const JsonValue* required(std::string_view key, std::string expected);
  /// A nested object.
  std::optional<ObjectCursor> object(std::string_view key);

  /// A fault at a key, present or not.
  void fault(std::string_view key, std::string message, std::string hint = {});
  /// The fault "expected …, found …" at a key that is present.
  void wrong(std::string_view key, std::string_view expected, std::string hint = {});
  std::string pointer(std::string_view key) const { return child_pointer(pointer_, key); }
  const std::string& pointer() const { return pointer_; }
  const JsonValue& value() const { return *object_; }
  Faults& faults() { return *faults_; }

  /// Reports missing required keys and all keys that were never read. `what` completes "unknown key". With a table,
  /// every key of it must have been read.
  void finish(std::string_view what = {});

 private:
  /// What is known of a key that was asked for.
  struct Asked {
    const FileKey* row;      ///< null without a table
    const JsonValue* value;  ///< null if absent
  };
  Asked ask(std::string_view key);
  /// The place of a key in the table. Throws std::logic_error for a key that the table lacks.
  std::size_t place_in_table(std::string_view key);
  std::optional<Count> count_of(const Asked& asked, std::string_view key, const CountRange& range);
  std::optional<std::size_t> choice_of(const JsonValue* value, std::string_view key,
                                       std::span<const std::string_view> words);

  const JsonValue* object_;
  std::span<const FileKey> keys_;
  std::string pointer_;
  Faults* faults_;
  std::vector<std::string_view> known_;
  std::uint64_t asked_rows_ = 0;  // a bit for each row of the table
  std::size_t last_row_ = 0;      // that was asked for: the next is mostly near it
  std::size_t found_ = 0;         // different keys that were asked for and stand in the object
  struct Missing {
    std::string_view key;
    std::string expected;
  };
  std::vector<Missing> missing_;
};

/// Returns the words as in a sentence: `"rms" or "layer"`.
std::string either(std::span<const std::string_view> words);

}  // namespace ctxcost
