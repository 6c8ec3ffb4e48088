// The tokens of a JSON text, one call each: what readers of JSON stand on. Which library splits the text is known to
// json_events.cc alone, so that it is compiled once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ctxcost {

/// May stand before a text, and is not of it.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// What a reader does at each token. A call that gives false, or throws, ends the reading.
class JsonEvents {
 public:
  /// Where a token stands in the text.
  struct Token {
    std::size_t begin = 0;
    std::size_t end = 0;  ///< one past it
  };
  /// The token of the call; of `end_object` and `end_array`, the bracket. It is set before each call.
  Token token;

  virtual ~JsonEvents() = default;

  virtual bool null() = 0;
  virtual bool boolean(bool value) = 0;
  /// An integer from 0 to 2^64-1.
  virtual bool number(std::uint64_t value) = 0;
  /// An integer from -2^63 to -1 (and "-0").
  virtual bool number(std::int64_t value) = 0;
  /// Any other number, as written.
  virtual bool number(std::string_view text) = 0;
  /// The reader may take the text.
  virtual bool string(std::string& text) = 0;
  virtual bool start_object() = 0;
  /// The reader may take the text.
  virtual bool key(std::string& name) = 0;
  virtual bool end_object() = 0;
  virtual bool start_array() = 0;
  virtual bool end_array() = 0;
  /// The text is not JSON; `read` bytes of it were read before that was seen.
  virtual void fault(std::size_t read) = 0;
};

/// Reads a whole text. False where it is not JSON, or where the reader ended the reading.
bool read_json_events(std::string_view text, JsonEvents& events);

}  // namespace ctxcost
