#include "entry.h"

#include "core/format.h"
#include "core/printable.h"
#include "ctxcost/core/units.h"
#include "document_parts.h"
#include "field.h"

namespace ctxcost {
namespace {

std::string shown(const CatalogueValue& value) {
  if (const auto* count = std::get_if<Count>(&value)) return with_separators(*count);
  if (const auto* negative = std::get_if<Negative>(&value)) return "-" + with_separators(negative->magnitude);
  if (const auto* real = std::get_if<double>(&value)) return format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&value)) return printable(*text);
  return "unknown";
}

void write_field(JsonWriter& json, const EntryField& field) {
  if (field.members.empty()) return write_value(json, to_value(field.value));
  json.begin_object();
  for (const EntryField& member : field.members) {
    json.key(member.name);
    write_value(json, to_value(member.value));
  }
  json.end_object();
}

/// Fields that share a name are an object of their items.
void write_fields(JsonWriter& json, const std::vector<EntryField>& fields) {
  json.begin_object();
  for (std::size_t i = 0; i < fields.size();) {
    json.key(fields[i].name);
    if (fields[i].item.empty()) {
      write_field(json, fields[i++]);
      continue;
    }
    json.begin_object();
    for (const std::string_view name = fields[i].name; i < fields.size() && fields[i].name == name; ++i) {
      json.key(fields[i].item);
      write_field(json, fields[i]);
    }
    json.end_object();
  }
  json.end_object();
}

void render_json(const EntryDescription& entry, const RenderOptions& options, Writer& out) {
  if (!entry.model_file.empty()) {
    out.text(entry.model_file);
    return out.character('\n');
  }
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  json.key("kind");
  json.string(name(entry.kind));
  json.key("entry");
  write_fields(json, entry.fields);
  json.end_object();
  out.character('\n');
}

}  // namespace

void render_entry(const EntryDescription& entry, std::string_view format, const RenderOptions& options, Writer& out) {
  if (format == "json") return render_json(entry, options, out);
  for (const EntryField& field : entry.fields) {
    if (!field.label.empty()) out.text(printable(field.label) + ": " + shown(field.value) + "\n");
  }
}

}  // namespace ctxcost
