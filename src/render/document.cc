#include "document.h"

#include <utility>
#include "model/model_words.h"
#include "text_sink.h"

namespace ctxcost {
namespace {

constexpr Count kSchemaVersion = 1;

}  // namespace

void write_envelope(JsonWriter& json, std::string_view command) {
  json.key("schema_version");
  json.count(kSchemaVersion);
  json.key("tool");
  json.begin_object();
  json.key("name");
  json.string("ctxcost");
  json.key("version");
  json.string(version());
  json.end_object();
  json.key("command");
  json.string(command);
}

std::string to_string(const Document& document, const OutputFormat& format) {
  TextSink text;
  Writer out(text);
  format.write(document, {}, out);
  out.flush();
  return std::move(text.text);
}

}  // namespace ctxcost
