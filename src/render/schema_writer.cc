#include "schema_writer.h"

#include <algorithm>

#include "core/choices.h"
#include "core/quantity.h"
#include "core/word_list.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {
namespace {

/// "[fF][pP]16" of "fp16"; characters with a meaning of their own are escaped.
std::string any_case(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    const bool small = c >= 'a' && c <= 'z';
    const bool capital = c >= 'A' && c <= 'Z';
    if (small || capital) {
      const char other = static_cast<char>(c ^ 0x20);
      pattern += std::string("[") + (small ? c : other) + (small ? other : c) + "]";
    } else {
      if (std::string_view(".+*?()[]{}|^$\\/").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
  }
  return pattern;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = take_word(text);
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::string joined(const std::vector<std::string>& alternatives) {
  std::string text;
  for (const std::string& one : alternatives) text += (text.empty() ? "" : "|") + one;
  return "(" + text + ")";
}

/// Names and aliases of formats, in any case.
std::string format_pattern(bool Format::*stores) {
  std::vector<std::string> names;
  for (const Format& format : formats()) {
    if (!(format.*stores)) continue;
    names.push_back(any_case(format.name));
    for (const std::string_view alias : words_of(format.aliases)) names.push_back(any_case(alias));
  }
  return joined(names);
}

std::vector<std::string_view> format_names(bool Format::*stores) {
  std::vector<std::string_view> names;
  for (const Format& format : formats()) {
    if (format.*stores) names.push_back(format.name);
  }
  return names;
}

/// The texts with a unit that a size or a rate may be.
std::string amount_pattern(ValueType type) {
  std::string pattern = quantity_pattern(type == ValueType::peak ? Unit::flops : Unit::bytes);
  if (type == ValueType::size) return pattern;
  pattern.pop_back();  // the end of the text
  return pattern + (type == ValueType::peak ? "(/s)?$" : "/s$");
}

/// In "$defs".
std::string_view definition_name(ValueType type) {
  switch (type) {
    case ValueType::precision: return "precision";
    case ValueType::kv_precision: return "kv_precision";
    case ValueType::weights: return "weights";
    case ValueType::engine: return "engine";
    case ValueType::convention: return "convention";
    default: return {};
  }
}

}  // namespace

void SchemaWriter::value(const FileKey& key) {
  const ValueRules& rules = key.rules;
  switch (key.type) {
    case ValueType::count:
      type("integer", rules.nullable);
      number("minimum", rules.minimum);
      if (rules.maximum > 0) number("maximum", rules.maximum);
      return;
    case ValueType::flag: return type("boolean");
    case ValueType::flag_or_word: return any_of([&] { type("boolean"); }, [&] { constant(rules.choices); });
    case ValueType::choice:
      if (rules.words != nullptr) return list("enum", rules.words());
      return list("enum", split_choices(rules.choices));
    case ValueType::text: return type("string");
    case ValueType::texts:
      return any_of([&] { type("string"); },
                    [&] {
                      type("array");
                      member("items", [&] { type("string"); });
                    });
    case ValueType::decimal: type("number"); return number("exclusiveMinimum", 0);
    case ValueType::fraction:
      type("number");
      number("exclusiveMinimum", 0);
      return number("maximum", 1);
    case ValueType::fractions:
      return any_of(
          [&] {
            type("number");
            number("exclusiveMinimum", 0);
            number("maximum", 1);
          },
          [&] { pattern("^[0-9.]{1,8}([+][0-9.]{1,8})+$"); });
    case ValueType::ratio:
      return any_of(
          [&] {
            type("number", rules.nullable);
            number("exclusiveMinimum", 0);
            number("maximum", 1);
          },
          [&] { pattern("^[0-9]{1,6}/[0-9]{1,6}$"); });
    case ValueType::length: return text("$ref", "#/$defs/length");
    case ValueType::lengths: return text("$ref", "#/$defs/lengths");
    case ValueType::requests:
      return any_of([&] { type("string"); },
                    [&] {
                      type("array");
                      number("minItems", 1);
                      member("items", [&] { table(rules.members); });
                    });
    case ValueType::size:
    case ValueType::bandwidth:
    case ValueType::peak:
      return any_of(
          [&] {
            type("integer", rules.nullable);
            number("minimum", rules.minimum);
          },
          [&] { pattern(amount_pattern(key.type)); });
    case ValueType::margin:
      return any_of(
          [&] {
            type("integer");
            number("minimum", rules.minimum);
          },
          [&] { pattern("^[0-9]{1,3}([.][0-9]{1,6})?%$"); }, [&] { pattern(quantity_pattern(Unit::bytes)); });
    case ValueType::precision:
    case ValueType::kv_precision:
    case ValueType::weights:
    case ValueType::engine:
    case ValueType::convention:
      if (std::find(referred_.begin(), referred_.end(), key.type) == referred_.end()) referred_.push_back(key.type);
      return text("$ref", "#/$defs/" + std::string(definition_name(key.type)));
    case ValueType::mechanisms:
      return any_of([&] { text("$ref", "#/$defs/mechanism"); },
                    [&] {
                      type("array");
                      number("minItems", 1);
                      member("items", [&] { text("$ref", "#/$defs/mechanism"); });
                    });
    case ValueType::object:
      if (!rules.nullable) return table(rules.members);
      return any_of([&] { type("null"); }, [&] { table(rules.members); });
    case ValueType::objects:
      type("array");
      number("minItems", 1);
      return member("items", [&] { table(rules.members); });
    case ValueType::limits: return text("$ref", "#/$defs/limits");
    case ValueType::any: return;
  }
}

void SchemaWriter::definition(ValueType type) {
  switch (type) {
    case ValueType::precision: return names(format_names(&Format::weights), format_pattern(&Format::weights));
    case ValueType::kv_precision: {
      const std::string one = format_pattern(&Format::cache);
      return any_of([&] { list("enum", format_names(&Format::cache)); },
                    [&] { pattern("^" + one + "(:[^/]+)?(/" + one + "(:[^/]+)?)?$"); });
    }
    case ValueType::weights: {
      std::vector<std::string_view> offered = format_names(&Format::weights);
      std::vector<std::string> file_types;
      for (const std::string_view name : gguf_file_type_names()) {
        if (std::find(offered.begin(), offered.end(), name) == offered.end()) offered.push_back(name);
        file_types.push_back(any_case(name));
      }
      return names(offered, "(" + format_pattern(&Format::weights) + "|(" + any_case("mostly_") + "|" +
                                any_case("all_") + ")?" + joined(file_types) + ")");
    }
    case ValueType::engine: {
      std::vector<std::string_view> offered;
      std::vector<std::string> patterns;
      for (const Engine* engine : engines()) {
        offered.push_back(engine->name);
        patterns.push_back(any_case(engine->name));
      }
      return names(offered, joined(patterns));
    }
    case ValueType::convention: {
      std::vector<std::string> patterns;
      for (const std::string_view name : convention_names()) patterns.emplace_back(name);
      return names(convention_names(), joined(patterns));
    }
    default: return;
  }
}

void SchemaWriter::definitions() {
  for (const ValueType type : referred_) {
    member(definition_name(type), [&] { definition(type); });
  }
}

}  // namespace ctxcost
