#include "catalogue_record.h"

#include <utility>

#include "ctxcost/input/catalogue.h"

#include "input/huggingface/huggingface.h"
#include "input/json/cursor.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

constexpr std::string_view kDescribing[] = {
    "aliases",      "params_source",  "params_computed",   "params_computed_parts",
    "params_check", "context_window", "position_encoding", "notes",
    "listed",       "unverified"};

std::vector<ParameterPart> read_parts(ObjectCursor& root) {
  std::vector<ParameterPart> parts;
  const JsonValue* list = root.find("checkpoint_parts");
  if (list == nullptr) return parts;
  if (!list->is(Type::array)) {
    root.wrong("checkpoint_parts", "a list");
    return parts;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const JsonValue& item = list->items[i];
    const std::string pointer = child_pointer(root.pointer("checkpoint_parts"), i);
    if (!item.is(Type::object)) {
      root.faults().add(item.offset, pointer, "expected an object, found " + describe(item));
      continue;
    }
    ObjectCursor part(item, pointer, root.faults());
    part.required("name", "a string");
    ParameterPart read{part.text("name").value_or(""), part.required_count("elements").value_or(0),
                       part.text("source").value_or("")};
    part.finish();
    parts.push_back(std::move(read));
  }
  return parts;
}

/// Reads the config as a file of its own. Places in errors are put under /config.
Model read_config(const JsonDocument& document, const JsonValue& config, const LoadOptions& options) {
  try {
    return read_huggingface(config, document.source, options);
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& diagnostic : diagnostics) {
      if (diagnostic.place.empty() || diagnostic.place.front() == '/') diagnostic.place.insert(0, "/config");
    }
    throw InputError(std::move(diagnostics));
  }
}

}  // namespace

std::vector<std::string> unverified_keys(const CatalogueEntry& entry) {
  std::vector<std::string> keys;
  const JsonDocument document = parse_json(entry.text, entry.id);
  if (const JsonValue* list = document.root.find("unverified")) {
    keys.reserve(list->items.size());
    for (const JsonValue& key : list->items) keys.push_back(key.text);
  }
  return keys;
}

bool looks_like_catalogue_record(const JsonValue& root) {
  return root.find("id") != nullptr && root.find("config") != nullptr;
}

Model read_catalogue_record(const JsonDocument& document, const LoadOptions& options) {
  Faults faults(document.source);
  ObjectCursor root(document.root, "", faults);
  const std::string id = root.text("id").value_or("");
  const std::string source = root.text("source").value_or("");
  std::vector<ParameterPart> parts = read_parts(root);
  const JsonValue* config = root.find("config");
  if (!config->is(Type::object)) root.wrong("config", "an object");
  // The other keys describe the model or check it. No figure follows from them.
  const JsonValue* published = root.find("params_exact");
  root.know(kDescribing);
  root.finish("of a catalogue record");
  faults.throw_if_any();

  Model model = read_config(document, *config, options);
  model.id = id;
  model.name = id.substr(id.rfind('/') + 1);
  model.source = source;
  if (published != nullptr && published->is(Type::integer)) model.published_elements = parse_digits(published->text);
  model.parameter_parts.insert(model.parameter_parts.end(), parts.begin(), parts.end());
  return model;
}

}  // namespace ctxcost
