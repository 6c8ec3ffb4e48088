// JSON as read: every value with its place in the text, numbers with their own digits, repeated keys kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ctxcost {

struct JsonMember;

/// One value of a document.
struct JsonValue {
  /// `nonfinite` is a bare NaN, Infinity or -Infinity, which some published configs hold.
  enum class Type { null, boolean, integer, real, nonfinite, string, array, object };

  Type type = Type::null;
  std::uint32_t offset = 0;  ///< of the value's first byte in the text
  bool boolean = false;
  std::string text;  ///< a string's content, or a number as written
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  ///< in file order; a repeated key stands more than once

  bool is(Type other) const { return type == other; }
  /// The first member of that key, or null; also null for a value that is not an object.
  const JsonValue* find(std::string_view key) const;
};

struct JsonMember {
  std::string key;
  std::uint32_t offset;  ///< of the key's opening quote
  JsonValue value;
};

/// A parsed text.
struct JsonDocument {
  std::string source;  ///< what errors call it
  std::string text;
  JsonValue root;
};

/// Parses a whole text (a leading byte order mark is skipped). Nesting is limited, so that no input exhausts the stack.
/// Throws InputError "source:line:column: expected …, found …" when it is not JSON.
JsonDocument parse_json(std::string_view text, std::string_view source);

/// "line:column" of a byte, both from 1; columns count characters, not bytes.
std::string line_and_column(std::string_view text, std::uint32_t offset);

/// A key in a pointer: `/` and `~` are escaped (RFC 6901).
std::string escaped(std::string_view key);
/// The pointer of a child.
std::string child_pointer(std::string_view parent, std::string_view key);
std::string child_pointer(std::string_view parent, std::size_t index);

/// What was found, for messages: `"32"`, `-1`, `a list`, `nothing`. Long strings are cut.
std::string describe(const JsonValue& value);

/// JSON Pointers of all keys that stand more than once in one object.
std::vector<std::string> repeated_keys(const JsonValue& root);

}  // namespace ctxcost
