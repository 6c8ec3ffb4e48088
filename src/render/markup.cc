#include "markup.h"

#include "core/json_string.h"
#include "core/printable.h"
#include "text_sink.h"

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
  TextSink sink;
  Writer out(sink);
  write_json_string(out, text);
  out.flush();
  std::string result;
  for (const char c : sink.text) {
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
