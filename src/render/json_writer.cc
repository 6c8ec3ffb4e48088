#include "json_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/json_string.h"
#include "input/json/json.h"
#include "number.h"
#include "text_sink.h"

namespace ctxcost {

std::string json_string_text(std::string_view text) {
  TextSink sink;
  Writer out(sink);
  write_json_string(out, text);
  out.flush();
  return std::move(sink.text);
}

void JsonWriter::new_line() {
  static constexpr char kLine[] = "\n                                                               ";
  if (!indented_) return;
  // Copying all of it is cheaper than counting.
  const std::size_t size = 1 + std::size_t{2} * depth_;
  std::memcpy(out_->room(sizeof kLine), kLine, sizeof kLine);
  out_->advance(std::min(size, sizeof kLine - 1));
  if (size >= sizeof kLine) out_->repeat(' ', size - (sizeof kLine - 1));
}

void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_[depth_]) out_->character(',');
  if (depth_ > 0) new_line();
  has_items_[depth_] = true;
}

void JsonWriter::begin(char bracket) {
  separate();
  out_->character(bracket);
  ++depth_;
  has_items_[depth_] = false;
}

void JsonWriter::end(char bracket) {
  const bool empty = !has_items_[depth_];
  --depth_;
  if (!empty) new_line();
  out_->character(bracket);
}

void JsonWriter::key(std::string_view name) {
  separate();
  quoted(name);
  out_->character(':');
  if (indented_) out_->character(' ');
  after_key_ = true;
}

void JsonWriter::string(std::string_view value) {
  separate();
  if (placeholders_ == nullptr || !placeholders_->take(value)) quoted(value);
}

void JsonWriter::quoted(std::string_view value) { write_json_string(*out_, value); }

void JsonWriter::count(Count value) {
  separate();
  if (placeholders_ == nullptr || !placeholders_->take(value)) out_->digits(value);
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

void JsonWriter::value(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::null:
    case JsonValue::Type::nonfinite: return null();
    case JsonValue::Type::boolean: return boolean(value.boolean);
    case JsonValue::Type::integer:
    case JsonValue::Type::real: return raw(value.text);
    case JsonValue::Type::string: return string(value.text);
    case JsonValue::Type::array:
      begin_array();
      for (const JsonValue& item : value.items) this->value(item);
      return end_array();
    case JsonValue::Type::object:
      begin_object();
      for (const JsonMember& member : value.members) {
        key(member.key);
        this->value(member.value);
      }
      return end_object();
  }
}

}  // namespace ctxcost
