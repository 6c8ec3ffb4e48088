#include "schema.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/mechanism/mechanism.h"
#include "ctxcost/weights/weight_scheme.h"
#include "input/budget/budget_keys.h"
#include "input/catalogue/accelerator_keys.h"
#include "input/own_format/own_format_keys.h"
#include "input/quantity.h"
#include "json_writer.h"

namespace ctxcost {
namespace {

constexpr std::string_view kDialect = "https://json-schema.org/draft/2020-12/schema";

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
    const std::size_t space = text.find(' ');
    if (space != 0) words.push_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
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

/// Writes one schema, part by part.
class SchemaWriter {
 public:
  explicit SchemaWriter(Writer& out) : out_(&out), json_(out, JsonWriter::Layout::indented) {}

  void begin(std::string_view title) {
    json_.begin_object();
    text("$schema", kDialect);
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

  void value(const FileKey& key);

  /// A name with settings behind a colon; the plain names are offered for completion.
  template <typename Words>
  void names(const Words& offered, const std::string& pattern_of_names) {
    any_of([&] { list("enum", offered); }, [&] { pattern("^" + pattern_of_names + "(:.+)?$"); });
  }

 private:
  Writer* out_;
  JsonWriter json_;
};

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
    case ValueType::size:
      return any_of(
          [&] {
            type("integer");
            number("minimum", rules.minimum);
          },
          [&] { pattern(quantity_pattern(Unit::bytes)); });
    case ValueType::margin:
      return any_of(
          [&] {
            type("integer");
            number("minimum", rules.minimum);
          },
          [&] { pattern("^[0-9]{1,3}([.][0-9]{1,6})?%$"); }, [&] { pattern(quantity_pattern(Unit::bytes)); });
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

// Models.

void write_mechanism_key(SchemaWriter& schema, const MechanismKey& key) {
  schema.description(key.meaning, key.fallback);
  const auto count = [&] {
    schema.type("integer");
    schema.number("minimum", key.minimum);
  };
  switch (key.type) {
    case KeyType::count: return count();
    case KeyType::flag: return schema.type("boolean");
    case KeyType::text: return schema.list("enum", split_choices(key.choices));
    case KeyType::count_or_list:
      return schema.any_of(count, [&] {
        schema.type("array");
        schema.member("items", [&] {
          schema.type("integer");
          schema.number("minimum", 0);
        });
      });
  }
}

void write_mechanism(SchemaWriter& schema, const Mechanism& mechanism) {
  schema.text("description", mechanism.summary);
  schema.type("object");
  std::vector<std::string_view> required = {"kind"};
  schema.member("properties", [&] {
    schema.member("kind", [&] { schema.constant(mechanism.kind); });
    for (const MechanismKey& key : mechanism.keys) {
      if (key.reader_only) continue;
      schema.member(key.name, [&] { write_mechanism_key(schema, key); });
      if (key.fallback.empty()) required.push_back(key.name);
    }
    if (!mechanism.softmax) return;
    for (const FileKey& key : kSoftmaxKeys) {
      schema.member(key.name, [&] {
        schema.description(key.meaning, key.fallback);
        schema.value(key);
      });
    }
  });
  schema.list("required", required);
  schema.flag("additionalProperties", false);
}

void write_model_schema(Writer& out) {
  SchemaWriter schema(out);
  schema.begin("ctxcost model: the format of our own");
  schema.table(kOwnFormatKeys);
  schema.member("$defs", [&] {
    schema.member("mechanism", [&] {
      schema.json().key("oneOf");
      schema.json().begin_array();
      for (const Mechanism* mechanism : mechanisms()) {
        if (!mechanism->reader_only) schema.object([&] { write_mechanism(schema, *mechanism); });
      }
      schema.json().end_array();
    });
  });
  schema.end();
}

// Budgets.

/// What a limit of that metric may be.
void write_limit_value(SchemaWriter& schema, const MetricInfo& metric) {
  if (metric.unit == Unit::level) return schema.list("enum", kWindowLevels);
  const std::string text = quantity_pattern(metric.unit);
  const auto number = [&] {
    schema.type(is_whole(metric.unit) ? "integer" : "number");
    schema.number("minimum", 0);
  };
  if (text.empty()) return number();
  if (metric.unit == Unit::bytes) {
    return schema.any_of(
        number, [&] { schema.pattern(text); }, [&] { schema.pattern("^[0-9]+(\\.[0-9]+)?% of gpu$"); });
  }
  schema.any_of(number, [&] { schema.pattern(text); });
}

void write_budget_schema(Writer& out) {
  SchemaWriter schema(out);
  schema.begin("ctxcost budgets");
  schema.table(kBudgetFileKeys);
  // The grammar of parse_length and parse_lengths.
  const std::string length = "[0-9]+[KMkm]?";
  const std::string range = length + "(\\.\\." + length + "(:[x+]" + length + ")?)?";
  const auto integer = [&] {
    schema.type("integer");
    schema.number("minimum", 1);
  };
  schema.member("$defs", [&] {
    schema.member("length", [&] { schema.any_of(integer, [&] { schema.pattern("^" + length + "$"); }); });
    schema.member("lengths", [&] {
      const auto text = [&] { schema.pattern("^" + range + "(," + range + ")*$"); };
      schema.any_of(text, [&] {
        schema.type("array");
        schema.number("minItems", 1);
        schema.member("items", [&] { schema.any_of(integer, text); });
      });
    });
    schema.member("limits", [&] {
      schema.type("object");
      schema.number("minProperties", 1);
      schema.member("properties", [&] {
        for (const std::span<const MetricInfo> kind : {metrics(), device_metrics()}) {
          for (const MetricInfo& metric : kind) {
            schema.member(metric.name, [&] {
              schema.text("description", metric.meaning);
              schema.type("object");
              schema.number("minProperties", 1);
              schema.member("properties", [&] {
                for (const std::string_view side : {"min", "max"}) {
                  schema.member(side, [&] { write_limit_value(schema, metric); });
                }
              });
              schema.flag("additionalProperties", false);
            });
          }
        }
      });
      schema.flag("additionalProperties", false);
    });
  });
  schema.end();
}

// Devices.

void write_gpu_schema(Writer& out) {
  SchemaWriter schema(out);
  schema.begin("ctxcost accelerator");
  schema.table(kAcceleratorKeys);
  schema.end();
}

// Documents.

void write_metric(SchemaWriter& schema, const MetricInfo& metric) {
  schema.member(metric.name, [&] {
    schema.text("description", metric.meaning);
    if (metric.unit == Unit::level) {
      schema.type("string", true);
      schema.json().key("enum");
      schema.json().begin_array();
      for (const std::string_view level : kWindowLevels) schema.json().string(level);
      schema.json().null();
      return schema.json().end_array();
    }
    schema.type(is_whole(metric.unit) ? "integer" : "number", true);
    // What is missing of a memory is less than nothing.
    if (metric.metric != Metric::headroom_bytes) schema.number("minimum", 0);
  });
}

void write_count(SchemaWriter& schema, std::string_view key, bool nullable = false) {
  schema.member(key, [&] {
    schema.type("integer", nullable);
    schema.number("minimum", 0);
  });
}

void write_string(SchemaWriter& schema, std::string_view key, bool nullable = false) {
  schema.member(key, [&] { schema.type("string", nullable); });
}

void write_output_model(SchemaWriter& schema) {
  schema.type("object");
  schema.member("properties", [&] {
    write_string(schema, "name", true);
    for (const std::string_view key : {"id", "family", "origin", "source"}) write_string(schema, key, true);
    write_count(schema, "layers");
  });
  schema.list("required", std::array{"name"});
  schema.flag("additionalProperties", false);
}

void write_output_group(SchemaWriter& schema) {
  schema.type("object");
  schema.member("properties", [&] {
    write_count(schema, "layers");
    write_string(schema, "indices");
    schema.member("stack", [&] { schema.list("enum", std::array{"decoder", "encoder"}); });
    schema.member("mixers", [&] {
      schema.type("array");
      schema.member("items", [&] {
        schema.type("object");
        schema.member("properties", [&] {
          schema.member("kind", [&] {
            std::vector<std::string_view> kinds;
            for (const Mechanism* mechanism : mechanisms()) kinds.push_back(mechanism->kind);
            schema.list("enum", kinds);
          });
          for (const std::string_view key : {"heads", "kv_heads", "d_k", "d_v"}) write_count(schema, key);
        });
        schema.flag("additionalProperties", false);
      });
    });
    write_string(schema, "feed_forward");
    for (const std::string_view key :
         {"scores_per_head", "scores_per_layer", "attention_macs_per_layer", "attention_flops_per_layer",
          "linear_flops_per_layer", "kv_cache_bytes_per_layer", "state_bytes_per_layer", "parameters_per_layer"}) {
      write_count(schema, key, true);
    }
  });
  schema.flag("additionalProperties", false);
}

/// The members of one result, in a document or in a line of its own.
void write_result_properties(SchemaWriter& schema) {
  schema.member("model", [&] { schema.text("$ref", "#/$defs/model"); });
  for (const std::string_view key : {"weights", "kv_precision", "engine"}) write_string(schema, key);
  for (const std::span<const MetricInfo> kind : {metrics(), device_metrics()}) {
    for (const MetricInfo& metric : kind) write_metric(schema, metric);
  }
  for (const std::string_view key : {"cache_parts", "state_parts", "reserved_parts"}) {
    schema.member(key, [&] {
      schema.type("object");
      schema.member("additionalProperties", [&] {
        schema.type("integer");
        schema.number("minimum", 0);
      });
    });
  }
  schema.member("parameter_parts", [&] {
    schema.type("array");
    schema.member("items", [&] {
      schema.type("object");
      schema.member("properties", [&] {
        write_string(schema, "name");
        write_count(schema, "elements");
        write_string(schema, "source", true);
      });
      schema.flag("additionalProperties", false);
    });
  });
  schema.member("layer_groups", [&] {
    schema.type("array");
    schema.member("items", [&] { schema.text("$ref", "#/$defs/layer_group"); });
  });
  schema.member("notes", [&] {
    schema.type("array");
    schema.member("items", [&] { schema.type("string"); });
  });
}

void write_conventions_schema(SchemaWriter& schema) {
  schema.type("object");
  schema.member("properties", [&] {
    write_string(schema, "name");
    schema.member("flops_per_mac", [&] {
      schema.json().key("enum");
      schema.json().begin_array();
      schema.json().count(1);
      schema.json().count(2);
      schema.json().end_array();
    });
    schema.member("pairs", [&] { schema.list("enum", std::array{"reach", "exact"}); });
    schema.member("logits", [&] {
      schema.type("string", true);
      schema.text("description", "last or all");
    });
    schema.member("units", [&] { schema.list("enum", std::array{"si", "iec"}); });
  });
  schema.list("required", std::array{"name", "flops_per_mac", "pairs", "logits", "units"});
  schema.flag("additionalProperties", false);
}

void write_output_schema(Writer& out) {
  SchemaWriter schema(out);
  schema.begin("ctxcost documents: json, and each line of ndjson");
  schema.type("object");
  schema.list("required", std::array{"schema_version", "tool", "command"});
  const auto envelope = [&] {
    schema.member("schema_version", [&] { schema.number("const", 1); });
    schema.member("tool", [&] {
      schema.type("object");
      schema.member("properties", [&] {
        schema.member("name", [&] { schema.constant("ctxcost"); });
        write_string(schema, "version");
      });
      schema.list("required", std::array{"name", "version"});
    });
    write_string(schema, "command");
    schema.member("conventions", [&] { schema.text("$ref", "#/$defs/conventions"); });
  };
  schema.member("properties", [&] {
    envelope();
    write_string(schema, "verdict");
    schema.member("results", [&] {
      schema.type("array");
      schema.member("items", [&] { schema.text("$ref", "#/$defs/result"); });
    });
    // A line of ndjson is a result itself.
    write_result_properties(schema);
  });
  schema.json().key("allOf");
  schema.json().begin_array();
  schema.object([&] {
    // What `scale` writes is described to the last key; other commands add their own.
    schema.member("if", [&] {
      schema.member("properties", [&] { schema.member("command", [&] { schema.constant("scale"); }); });
    });
    schema.member("then", [&] {
      schema.list("required", std::array{"conventions"});
      schema.member("properties", [&] {
        envelope();
        schema.member("results", [&] {
          schema.type("array");
          schema.member("items", [&] {
            schema.text("$ref", "#/$defs/result");
            schema.list("required", std::array{"model", "weights", "kv_precision", "engine"});
            schema.flag("unevaluatedProperties", false);
          });
        });
        write_result_properties(schema);
      });
      schema.flag("additionalProperties", false);
      schema.any_of([&] { schema.list("required", std::array{"results"}); },
                    [&] {
                      schema.list("required", std::array{"model", "weights", "kv_precision", "engine"});
                    });
    });
  });
  schema.json().end_array();
  schema.member("$defs", [&] {
    schema.member("conventions", [&] { write_conventions_schema(schema); });
    schema.member("model", [&] { write_output_model(schema); });
    schema.member("layer_group", [&] { write_output_group(schema); });
    schema.member("result", [&] {
      schema.type("object");
      schema.member("properties", [&] { write_result_properties(schema); });
    });
  });
  schema.end();
}

}  // namespace

std::span<const SchemaKind> schema_kinds() {
  static constexpr SchemaKind kKinds[] = {
      {"model", "a model file in the format of our own", write_model_schema},
      {"budget", "a file of budgets", write_budget_schema},
      {"output", "JSON documents, and lines of NDJSON", write_output_schema},
      {"gpu", "a file that describes an accelerator", write_gpu_schema},
  };
  return kKinds;
}

}  // namespace ctxcost
