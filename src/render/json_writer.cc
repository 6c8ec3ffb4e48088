#include "json_writer.h"

#include <cmath>

#include "core/json_string.h"
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

void JsonWriter::quoted(std::string_view value) { write_json_string(*out_, value); }

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
