#include "json_writer.h"

#include <cmath>

#include "number.h"
#include "utf8.h"

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
  out_->character('"');
  while (!value.empty()) {
    const std::size_t length = utf8_length(value);
    const char c = value[0];
    if (length == 0) {
      out_->text("\xef\xbf\xbd");  // U+FFFD for a byte that is not UTF-8, as a file name may hold
    } else if (c == '"' || c == '\\') {
      out_->character('\\');
      out_->character(c);
    } else if (c == '\n') {
      out_->text("\\n");
    } else if (c == '\t') {
      out_->text("\\t");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out_->text("\\u00");
      out_->character(kHex[c >> 4]);
      out_->character(kHex[c & 15]);
    } else {
      out_->text(value.substr(0, length));
    }
    value.remove_prefix(length == 0 ? 1 : length);
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
