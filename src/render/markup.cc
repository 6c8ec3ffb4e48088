#include "markup.h"

#include "core/printable.h"
#include "json_writer.h"

namespace ctxcost {

std::string markup_text(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string script_string(std::string_view text) {
  const std::string quoted = json_string_text(text);
  std::string result;
  for (const char c : quoted) {
    switch (c) {
      case '&': result += "\\u0026"; break;
      case '<': result += "\\u003c"; break;
      case '>': result += "\\u003e"; break;
      default: result += c;
    }
  }
  return result;
}

}  // namespace ctxcost
