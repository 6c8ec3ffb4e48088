#include "schema.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/choices.h"
#include "core/quantity.h"
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
#include "output_schema.h"
#include "schema_writer.h"

namespace ctxcost {
namespace {

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
    if (!mechanism.traits.softmax) return;
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
    schema.definitions();
  });
  schema.end();
}

// Budgets.

/// What a limit of a metric of that unit may be.
void write_limit_value(SchemaWriter& schema, Unit unit) {
  if (unit == Unit::level) return schema.list("enum", kWindowLevels);
  const std::string text = quantity_pattern(unit);
  const auto number = [&] {
    schema.type(is_whole(unit) ? "integer" : "number");
    schema.number("minimum", 0);
  };
  if (text.empty()) return number();
  if (unit == Unit::bytes) {
    return schema.any_of(
        number, [&] { schema.pattern(text); }, [&] { schema.pattern("^[0-9]+(\\.[0-9]+)?% of gpu$"); });
  }
  schema.any_of(number, [&] { schema.pattern(text); });
}

/// The name of the definition of limits of a unit.
std::string limit_name(Unit unit) {
  static constexpr std::string_view kNames[] = {"tokens", "sequences",  "pairs", "macs",  "flops",
                                                "bytes",  "parameters", "level", "ratio", "seconds",
                                                "rate",   "devices",    "usd",   "joules"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(Unit::joules) + 1);
  return "limit_in_" + std::string(kNames[static_cast<std::size_t>(unit)]);
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
  std::vector<Unit> units;
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
            if (std::find(units.begin(), units.end(), metric.unit) == units.end()) units.push_back(metric.unit);
            schema.member(metric.name, [&] {
              schema.text("description", metric.meaning);
              schema.text("$ref", "#/$defs/" + limit_name(metric.unit));
            });
          }
        }
      });
      schema.flag("additionalProperties", false);
    });
    for (const Unit unit : units) {
      schema.member(limit_name(unit), [&] {
        schema.type("object");
        schema.number("minProperties", 1);
        schema.member("properties", [&] {
          for (const std::string_view side : {"min", "max"}) {
            schema.member(side, [&] { write_limit_value(schema, unit); });
          }
        });
        schema.flag("additionalProperties", false);
      });
    }
    schema.definitions();
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
