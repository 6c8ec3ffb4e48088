#include "changed_keys.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/divided.h"
#include "core/format.h"
#include "core/word_list.h"
#include "ctxcost/core/diagnostic.h"
#include "input/json/config_changes.h"
#include "model/key_names.h"
#include "model_config.h"

namespace ctxcost {
namespace {

[[noreturn]] void fail(const KeyChange& change, std::string message, std::string hint = {}) {
  throw InputError(setting_fault("set", format("{}: {}", change.key, message), std::move(hint)));
}

/// The keys that lead to a value, from the config's root.
using Path = std::vector<std::string>;

/// "text_config.num_hidden_layers", or with slashes as a reader places it.
Path path_of(std::string_view text, char separator) {
  Path path;
  for (const std::string_view key : divided(text, separator)) path.emplace_back(key);
  return path;
}

std::string dotted(const Path& path) {
  std::string text;
  for (const std::string& key : path) text += (text.empty() ? "" : ".") + key;
  return text;
}

/// The config inside a catalogue's record, or the root.
JsonValue& config_in(JsonValue& root) {
  for (JsonMember& member : root.members) {
    if (member.key == "config" && member.value.is(JsonValue::Type::object) && &config_root(root) == &member.value) {
      return member.value;
    }
  }
  return root;
}

JsonValue* value_at(JsonValue& root, const Path& path) {
  JsonValue* value = &root;
  for (const std::string& key : path) {
    value = child_at(*value, key);
    if (value == nullptr) return nullptr;
  }
  return value;
}

/// What a value is given as: JSON, or else a string.
JsonValue parsed(const std::string& text) {
  try {
    return parse_json(text, "set").root;
  } catch (const InputError&) {
    JsonValue value;
    value.type = JsonValue::Type::string;
    value.text = text;
    return value;
  }
}

/// Puts a value at a path whose parent is there.
void put(JsonValue& root, const Path& path, JsonValue value) {
  if (JsonValue* const there = value_at(root, path)) {
    value.offset = there->offset;
    *there = std::move(value);
    return;
  }
  JsonValue& parent = *value_at(root, {path.begin(), path.end() - 1});
  value.offset = parent.offset;
  parent.members.push_back({path.back(), parent.offset, std::move(value)});
}

/// A place of the config, and what is said of it before.
struct Target {
  Path path;
  std::string before;  ///< " rather than 8", " rather than the class default 8", ", where nothing was"
};

class Changer {
 public:
  Changer(const JsonDocument& document, const ReadDocument& read) : document_(document), read_(read) {}

  void change(const KeyChange& change) {
    const std::optional<Model> model = model_before();
    const Target target = target_of(change, model);
    if (model && !is_read(target.path)) fail_unknown(change, *model);
    put(config_in(document_.root), target.path, parsed(change.value));
    notes_.push_back(
        format("set {}={}: {} is {}{}", change.key, change.value, dotted(target.path), change.value, target.before));
  }

  Model finish() {
    Model model = read_(document_);
    for (std::string& note : notes_) model.notes.push_back(std::move(note));
    return model;
  }

 private:
  /// The model before a change; none where only the change makes it one.
  std::optional<Model> model_before() const {
    try {
      return read_(document_);
    } catch (const InputError&) {
      return std::nullopt;
    }
  }

  Target target_of(const KeyChange& change, const std::optional<Model>& model) {
    JsonValue& config = config_in(document_.root);
    const Path written = path_of(change.key, '.');
    if (const JsonValue* const there = value_at(config, written)) return {written, " rather than " + describe(*there)};
    if (written.size() > 1) {
      const JsonValue* const parent = value_at(config, {written.begin(), written.end() - 1});
      if (parent == nullptr || !parent->is(JsonValue::Type::object)) {
        fail(change, "expected a path to a key, found no " + dotted({written.begin(), written.end() - 1}));
      }
      return {written, ", where nothing was"};
    }
    std::vector<const KeyRead*> reads;
    if (model) reads = keys_named(*model, change.key);
    if (reads.empty()) return {absent_key(change.key, model).value_or(written), ", where nothing was"};
    if (!reads.front()->absent && reads.size() > 1) {
      std::string all;
      for (const KeyRead* const read : reads) all += (all.empty() ? "" : ", ") + dotted(path_of(read->key, '/'));
      fail(change, "expected one key, found " + all, "name one of them");
    }
    const Path path = path_of(reads.front()->key, '/');
    const std::string value = to_string(reads.front()->value);
    return {path, (reads.front()->absent ? " rather than the class default " : " rather than ") + value};
  }

  /// The place where a key that the config does not have would be read: beside one that was.
  std::optional<Path> absent_key(const std::string& name, const std::optional<Model>& model) const {
    if (!model) return std::nullopt;
    std::vector<Path> parents;
    for (const KeyRead& read : model->keys) {
      Path parent = path_of(read.key, '/');
      parent.pop_back();
      if (std::find(parents.begin(), parents.end(), parent) == parents.end()) parents.push_back(std::move(parent));
    }
    // The name itself first: a word of our own format is a key there, and a reader of files looks for none of the
    // others.
    std::vector<std::string> keys = {name};
    for (std::string_view rest = published_keys(name); !rest.empty();) keys.emplace_back(take_word(rest));
    for (const std::string& key : keys) {
      for (const Path& parent : parents) {
        Path path = parent;
        path.push_back(key);
        if (is_read(path)) return path;
      }
    }
    return std::nullopt;
  }

  /// Whether the reader looks at a value: none takes NaN for one.
  bool is_read(const Path& path) const {
    JsonDocument probe = document_;
    JsonValue nan;
    nan.type = JsonValue::Type::nonfinite;
    nan.text = "NaN";
    put(config_in(probe.root), path, std::move(nan));
    try {
      static_cast<void>(read_(probe));
      return false;
    } catch (const InputError&) {
      return true;
    }
  }

  [[noreturn]] void fail_unknown(const KeyChange& change, const Model& model) {
    std::vector<std::string_view> names = key_words();
    for (const KeyRead& read : model.keys) {
      const std::string_view key = read.key;
      names.push_back(key.substr(key.rfind('/') + 1));
    }
    fail(change, "no figure of " + document_.source + " depends on a key of that name",
         did_you_mean(change.key, names));
  }

  JsonDocument document_;
  const ReadDocument& read_;
  std::vector<std::string> notes_;
};

}  // namespace

Model read_changed(const JsonDocument& document, const std::vector<KeyChange>& changes, const ReadDocument& read) {
  Changer changer(document, read);
  for (const KeyChange& change : changes) changer.change(change);
  return changer.finish();
}

}  // namespace ctxcost
