// Writes JSON: integers with all their digits, doubles in the shortest form that reads back the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ctxcost/core/writer.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

struct JsonValue;

/// Takes the place of figures that differ from line to line, for a pattern of lines (src/render/line_pattern.h).
class Placeholders {
 public:
  virtual ~Placeholders() = default;
  /// Return true if the value stands for a figure, which is then not written.
  virtual bool take(Count value) = 0;
  virtual bool take(std::string_view value) = 0;
};

/// The text in quotes, as `write_json_string` writes it.
std::string json_string_text(std::string_view text);

class JsonWriter {
 public:
  enum class Layout { compact, indented };

  /// Lists and objects that may be open at once: twice as many as a text that is read may have.
  static constexpr std::size_t kDeepest = 128;

  /// `placeholders`, if any, are asked before each integer and text.
  JsonWriter(Writer& out, Layout layout, Placeholders* placeholders = nullptr)
      : out_(&out), placeholders_(placeholders), indented_(layout == Layout::indented) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);

  void string(std::string_view value);
  void count(Count value);
  void number(double value);
  void boolean(bool value);
  void null();
  /// Writes a value that is already JSON, on one line.
  void raw(std::string_view json);
  /// Returns where the caller writes a value that is already JSON, on one line.
  Writer& raw_value() {
    separate();
    return *out_;
  }
  void value(const MetricValue& value);
  void value(const std::optional<Count>& value);
  /// Writes a value as it was read, with the digits of its numbers. NaN and infinities become null.
  void value(const JsonValue& value);

 private:
  void quoted(std::string_view value);
  void begin(char bracket);
  void end(char bracket);
  /// Writes the comma and the line break before a value or a key.
  void separate();
  void new_line();

  Writer* out_;
  Placeholders* placeholders_;
  bool indented_;
  bool after_key_ = false;
  std::uint32_t depth_ = 0;
  std::array<bool, kDeepest> has_items_{};  // by depth
};

}  // namespace ctxcost
