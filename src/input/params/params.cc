#include "params.h"

#include <algorithm>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/model/positions.h"
#include "input/huggingface/huggingface.h"
#include "layout.h"

namespace ctxcost {
namespace params {
namespace {

/// In the order in which they are tried: Meta's is the one without marks of its own.
constexpr const Layout* kLayouts[] = {&kDeepseekLayout, &kMistralMambaLayout, &kMistralLayout, &kMetaLayout};

const Layout& layout_of(const JsonValue& root) {
  const auto* const found = std::find_if(std::begin(kLayouts), std::end(kLayouts),
                                         [&root](const Layout* one) { return one->recognises(root); });
  return found == std::end(kLayouts) ? kMetaLayout : **found;
}

}  // namespace

JsonValue integer_value(Count value) {
  JsonValue json;
  json.type = JsonValue::Type::integer;
  json.text = to_string(value);
  return json;
}

JsonValue text_value(std::string text) {
  JsonValue json;
  json.type = JsonValue::Type::string;
  json.text = std::move(text);
  return json;
}

JsonValue object_value(std::vector<JsonMember> members) {
  JsonValue json;
  json.type = JsonValue::Type::object;
  json.members = std::move(members);
  return json;
}

JsonMember member(std::string key, JsonValue value) { return {std::move(key), 0, std::move(value)}; }

void Translation::set(std::string_view name, JsonValue value, std::string place) {
  if (!place.empty()) origin_[std::string(name)] = std::move(place);
  config_.members.push_back({std::string(name), 0, std::move(value)});
}

void Translation::set(std::string_view name, Count value, std::string place) {
  set(name, integer_value(value), std::move(place));
}

void Translation::set_flag(std::string_view name, bool value) {
  JsonValue json;
  json.type = JsonValue::Type::boolean;
  json.boolean = value;
  set(name, std::move(json));
}

void Translation::set_text(std::string_view name, std::string value) { set(name, text_value(std::move(value))); }

void Translation::need(std::string_view name, ObjectCursor& file, std::string_view from) {
  if (const std::optional<Count> value = file.required_count(from, {})) set(name, *value, file.pointer(from));
}

void Translation::copy(std::string_view name, ObjectCursor& file, std::string_view from) {
  const JsonValue* value = file.find(from);
  if (value == nullptr || value->is(JsonValue::Type::null)) return;
  if (const std::optional<Count> count = file.count(from, {})) set(name, *count, file.pointer(from));
}

std::string Translation::original_place(const std::string& place) const {
  if (place.empty() || place.front() != '/') return place;
  const std::size_t end = std::min(place.find('/', 1), place.size());
  const auto found = origin_.find(place.substr(1, end - 1));
  return found == origin_.end() ? place : found->second + place.substr(end);
}

void skip(ObjectCursor& file, std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) file.find(key);
}

}  // namespace params

bool looks_like_params(const JsonValue& root) {
  return root.find("dim") != nullptr && root.find("n_layers") != nullptr && root.find("hidden_size") == nullptr &&
         root.find("num_hidden_layers") == nullptr && !huggingface_has_dim(root);
}

Model read_params(const JsonDocument& document, const LoadOptions& options) {
  const params::Layout& layout = params::layout_of(document.root);
  Faults faults(document.source);
  ObjectCursor file(document.root, "", faults);
  params::Translation translation;
  try {
    layout.translate(file, translation);
  } catch (const CountOverflow&) {
    throw_fault(document.source, "the widths of this model do not fit 128 bits");
  }
  if (faults.none()) file.finish("of " + std::string(layout.name));
  faults.throw_if_any();

  JsonDocument config{document.source, {}, translation.take_config()};
  Model model;
  try {
    model = read_huggingface(config, options);
  } catch (const InputError& error) {
    std::vector<Diagnostic> diagnostics = error.diagnostics();
    for (Diagnostic& diagnostic : diagnostics) diagnostic.place = translation.original_place(diagnostic.place);
    throw InputError(std::move(diagnostics));
  }
  for (KeyRead& read : model.keys) {
    if (!read.absent) read.key = translation.original_place("/" + read.key).substr(1);
  }
  std::vector<std::string> notes = translation.take_notes();
  notes.insert(notes.begin(), "read as " + std::string(layout.name));
  if (!translation.states_length() && model.positions.trained_context) {
    // The default of the class that the model is read by says nothing about this one.
    model.positions = positions_from({.encoding = model.positions.encoding});
    for (std::vector<std::string>* const notes_of : {&model.notes, &model.assumptions}) {
      std::erase_if(*notes_of, [](const std::string& note) { return note.starts_with("absent key"); });
    }
    notes.emplace_back("the file does not state the longest sequence: the window is unknown");
  }
  model.notes.insert(model.notes.begin(), std::make_move_iterator(notes.begin()), std::make_move_iterator(notes.end()));
  return model;
}

}  // namespace ctxcost
