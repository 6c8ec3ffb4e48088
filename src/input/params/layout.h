// One row for each layout of such files, and what its keys become.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "input/json/cursor.h"
#include "input/json/json.h"

namespace ctxcost::params {

/// A config.json that is built key by key, with the place that each value came from.
class Translation {
 public:
  Translation() { config_.type = JsonValue::Type::object; }

  void set(std::string_view name, JsonValue value, std::string place = {});
  void set(std::string_view name, Count value, std::string place = {});
  void set_flag(std::string_view name, bool value);
  void set_text(std::string_view name, std::string value);
  void set_null(std::string_view name) { set(name, JsonValue{}); }
  /// Copies an integer that must be there.
  void need(std::string_view name, ObjectCursor& file, std::string_view from);
  /// Copies an integer that may be absent or null; then it stays absent.
  void copy(std::string_view name, ObjectCursor& file, std::string_view from);

  void note(std::string text) { notes_.push_back(std::move(text)); }

  JsonValue take_config() { return std::move(config_); }
  std::vector<std::string> take_notes() { return std::move(notes_); }
  /// Replaces a config's key in a place by what it came from.
  std::string original_place(const std::string& place) const;
  bool states_length() const { return origin_.contains("max_position_embeddings"); }

 private:
  JsonValue config_;
  std::map<std::string, std::string, std::less<>> origin_;
  std::vector<std::string> notes_;
};

JsonValue integer_value(Count value);
JsonValue text_value(std::string text);
JsonValue object_value(std::vector<JsonMember> members);
JsonMember member(std::string key, JsonValue value);

/// Whether a key is there with a value.
inline bool given(const JsonValue* value) { return value != nullptr && !value->is(JsonValue::Type::null); }

/// Keys that change no number here.
void skip(ObjectCursor& file, std::span<const std::string_view> keys);

struct Layout {
  std::string_view name;  ///< as notes say it: "Meta's params.json"
  bool (*recognises)(const JsonValue& root);
  void (*translate)(ObjectCursor& file, Translation& config);
};

extern const Layout kDeepseekLayout;
extern const Layout kMistralLayout;
extern const Layout kMistralMambaLayout;
extern const Layout kMetaLayout;

}  // namespace ctxcost::params
