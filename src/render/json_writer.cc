#include "json_writer.h"

#include <cmath>

#include "core/printable.h"
#include "number.h"

namespace ctxcost {

void JsonWriter::new_line() {
  if (!indented_) return;
  out_->character('\n');
  out_->repeat(' ', 2 * depth_);
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << depth_;
  if ((has_items_ & bit) != 0) out_->character(',');
  if (depth_ > 0) new_line();
  has_items_ |= bit;
}

void JsonWriter::begin(char bracket) {
  separate();
  out_->character(bracket);
  ++depth_;
  has_items_ &= ~(std::uint64_t{1} << depth_);
}

void JsonWriter::end(char bracket) {
  const bool empty = (has_items_ & std::uint64_t{1} << depth_) == 0;
  --depth_;
  if (!empty) new_line();
  out_->character(bracket);
}

void JsonWriter::key(std::string_view name) {
  separate();
  quoted(name);
  out_->text(indented_ ? ": " : ":");
  after_key_ = true;
}

void JsonWriter::string(std::string_view value) {
  separate();
  quoted(value);
}

void JsonWriter::quoted(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto unit = [this](char32_t code_unit) {
    out_->text("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out_->character(kHex[code_unit >> shift & 15]);
  };
  out_->character('"');
  while (!value.empty()) {
    const Character character = first_character(value);
    value.remove_prefix(character.bytes.size());
    const char32_t c = character.code_point;
    if (!character.valid) {
      out_->text("\xef\xbf\xbd");  // U+FFFD for a byte that is not UTF-8, as a file name may hold
    } else if (c == '"' || c == '\\') {
      out_->character('\\');
      out_->text(character.bytes);
    } else if (c == '\n') {
      out_->text("\\n");
    } else if (c == '\t') {
      out_->text("\\t");
    } else if (character.printable) {
      out_->text(character.bytes);
    } else if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xd7c0 + (c >> 10));  // 0xd800 - (0x10000 >> 10)
      unit(0xdc00 + (c & 0x3ff));
    }
  }
  out_->character('"');
}

void JsonWriter::count(Count value) {
  separate();
  out_->digits(value);
}

void JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  write_double(*out_, value);
}

void JsonWriter::boolean(bool value) {
  separate();
  out_->text(value ? "true" : "false");
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_->text(json);
}

void JsonWriter::null() {
  separate();
  out_->text("null");
}

void JsonWriter::value(const MetricValue& value) {
  if (const Count* integer = std::get_if<Count>(&value)) {
    count(*integer);
  } else if (const double* real = std::get_if<double>(&value)) {
    number(*real);
  } else if (const std::string_view* level = std::get_if<std::string_view>(&value)) {
    string(*level);
  } else if (const Negative* negative = std::get_if<Negative>(&value)) {
    separate();
    out_->character('-');
    out_->digits(negative->magnitude);
  } else {
    null();
  }
}

void JsonWriter::value(const std::optional<Count>& value) { value ? count(*value) : null(); }

}  // namespace ctxcost
