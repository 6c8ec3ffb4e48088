#include "core/json_string.h"

#include "core/printable.h"

namespace ctxcost {

void write_json_string(Writer& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto unit = [&out](char32_t code_unit) {
    out.text("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out.character(kHex[code_unit >> shift & 15]);
  };
  out.character('"');
  while (!text.empty()) {
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());
    const char32_t c = character.code_point;
    if (!character.valid) {
      out.text("\xef\xbf\xbd");  // U+FFFD for a byte that is not UTF-8, as a file name may hold
    } else if (c == '"' || c == '\\') {
      out.character('\\');
      out.text(character.bytes);
    } else if (c == '\n') {
      out.text("\\n");
    } else if (c == '\t') {
      out.text("\\t");
    } else if (character.printable) {
      out.text(character.bytes);
    } else if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xd7c0 + (c >> 10));  // 0xd800 - (0x10000 >> 10)
      unit(0xdc00 + (c & 0x3ff));
    }
  }
  out.character('"');
}

}  // namespace ctxcost
