#include "input/json/json_text.h"

#include <utility>

#include "core/json_string.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

class StringSink : public Sink {
 public:
  void write(std::string_view bytes) override { text += bytes; }
  std::string text;
};

void write(const JsonValue& value, Writer& out) {
  switch (value.type) {
    case Type::null:
    case Type::nonfinite: return out.text("null");
    case Type::boolean: return out.text(value.boolean ? "true" : "false");
    case Type::integer:
    case Type::real: return out.text(value.text);
    case Type::string: return write_json_string(out, value.text);
    case Type::array: {
      out.character('[');
      for (const JsonValue& item : value.items) {
        if (&item != value.items.data()) out.character(',');
        write(item, out);
      }
      return out.character(']');
    }
    case Type::object: {
      out.character('{');
      for (const JsonMember& member : value.members) {
        if (&member != value.members.data()) out.character(',');
        write_json_string(out, member.key);
        out.character(':');
        write(member.value, out);
      }
      return out.character('}');
    }
  }
}

}  // namespace

std::string to_text(const JsonValue& value) {
  // Most values are numbers, as short as a writer's buffer is long.
  if (value.is(Type::integer) || value.is(Type::real)) return value.text;
  StringSink sink;
  Writer out(sink);
  write(value, out);
  out.flush();
  return std::move(sink.text);
}

}  // namespace ctxcost
