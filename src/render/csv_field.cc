#include "csv_field.h"

#include "core/printable.h"
#include "number.h"

namespace ctxcost {

std::string csv_field(std::string_view text) {
  std::string shown = printable(text);
  if (shown.find_first_of(",\"") == std::string::npos) return shown;
  std::string out = "\"";
  for (const char c : shown) {
    if (c == '"') out += c;
    out += c;
  }
  out += '"';
  return out;
}

void write_csv_value(Writer& out, const Value& value) {
  struct Visitor {
    Writer& out;
    void operator()(std::monostate) const {}
    void operator()(Count count) const { out.digits(count); }
    void operator()(const Negative& negative) const {
      out.character('-');
      out.digits(negative.magnitude);
    }
    void operator()(double real) const { write_double(out, real); }
    void operator()(const Percent& percent) const { out.text(decimal_text(percent)); }
    void operator()(bool truth) const { out.text(truth ? "true" : "false"); }
    void operator()(std::string_view text) const { out.text(csv_field(text)); }
    void operator()(const std::string& text) const { out.text(csv_field(text)); }
  };
  std::visit(Visitor{out}, value);
}

}  // namespace ctxcost
