// Writes a JSON Schema, part by part.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "input/json/file_key.h"
#include "json_writer.h"

namespace ctxcost {

/// Writes one schema, part by part.
class SchemaWriter {
 public:
  explicit SchemaWriter(Writer& out) : out_(&out), json_(out, JsonWriter::Layout::indented) {}

  void begin(std::string_view title) {
    json_.begin_object();
    text("$schema", "https://json-schema.org/draft/2020-12/schema");
    text("title", title);
  }
  void end() {
    json_.end_object();
    out_->character('\n');
  }

  JsonWriter& json() { return json_; }
  void text(std::string_view key, std::string_view value) {
    json_.key(key);
    json_.string(value);
  }
  void flag(std::string_view key, bool value) {
    json_.key(key);
    json_.boolean(value);
  }
  void number(std::string_view key, Count value) {
    json_.key(key);
    json_.count(value);
  }
  template <typename Words>
  void list(std::string_view key, const Words& words) {
    json_.key(key);
    json_.begin_array();
    for (const auto& word : words) json_.string(word);
    json_.end_array();
  }
  /// A schema that `write` fills, as the value of a key or an item.
  template <typename Write>
  void object(Write&& write) {
    json_.begin_object();
    write();
    json_.end_object();
  }
  template <typename Write>
  void member(std::string_view key, Write&& write) {
    json_.key(key);
    object(write);
  }
  template <typename... Writes>
  void any_of(Writes&&... writes) {
    json_.key("anyOf");
    json_.begin_array();
    (object(writes), ...);
    json_.end_array();
  }
  void type(std::string_view name, bool nullable = false) {
    if (!nullable) return text("type", name);
    list("type", std::array{name, std::string_view("null")});
  }
  void constant(std::string_view value) { text("const", value); }
  void pattern(std::string_view value) {
    type("string");
    text("pattern", value);
  }
  void description(std::string_view meaning, std::string_view fallback) {
    std::string words(meaning);
    if (!fallback.empty()) words += " (= " + std::string(fallback) + ")";
    text("description", words);
  }

  /// The keys of a table: "properties", "required", and nothing else allowed. `more` adds properties.
  template <typename More>
  void table(std::span<const FileKey> keys, More&& more) {
    type("object");
    member("properties", [&] {
      for (const FileKey& key : keys) {
        member(key.name, [&] {
          description(key.meaning, key.fallback);
          value(key);
        });
      }
      more();
    });
    std::vector<std::string_view> required;
    for (const FileKey& key : keys) {
      if (key.rules.required) required.push_back(key.name);
    }
    if (!required.empty()) list("required", required);
    flag("additionalProperties", false);
  }
  void table(std::span<const FileKey> keys) {
    table(keys, [] {});
  }

  /// The members of the schema of a key's value. A type that is long and the same for every key is written as a
  /// reference to a definition: see `definitions`.
  void value(const FileKey& key);
  /// The definitions that `value` referred to, as members of "$defs".
  void definitions();

  /// A name with settings behind a colon; the plain names are offered for completion.
  template <typename Words>
  void names(const Words& offered, const std::string& pattern_of_names) {
    any_of([&] { list("enum", offered); }, [&] { pattern("^" + pattern_of_names + "(:.+)?$"); });
  }

 private:
  void definition(ValueType type);

  Writer* out_;
  JsonWriter json_;
  std::vector<ValueType> referred_;
};

}  // namespace ctxcost
