// ctxcost schema KIND: JSON Schemas for editors and validators.
#include "render/schema.h"
#include "command.h"
#include "ctxcost/core/diagnostic.h"
#include "targets.h"

namespace ctxcost::cli {

extern const Command kSchema;

namespace {

constexpr OptionId kSchemaOptions[] = {OptionId::output};

constexpr std::string_view kSchemaExamples =
    "  ctxcost schema model -o ctxcost-model.schema.json\n"
    "  ctxcost schema budget\n";

Status run_schema(const Arguments& arguments) {
  std::vector<std::string_view> names;
  std::string all;
  for (const SchemaKind& kind : schema_kinds()) {
    names.push_back(kind.name);
    all += (all.empty() ? "" : ", ") + std::string(kind.name);
  }
  if (arguments.words().size() != 1) throw InputError(Diagnostic{"schema", "", "expected one of " + all, ""});
  const std::string& word = arguments.words().front();
  for (const SchemaKind& kind : schema_kinds()) {
    if (kind.name != word) continue;
    deliver({{"", std::string(arguments.value(OptionId::output))}},
            [&kind](const Target&, const Output&, Writer& out) { kind.write(out); });
    return Status::answered;
  }
  throw InputError(
      Diagnostic{"schema", "", "expected one of " + all + ", found \"" + word + "\"", did_you_mean(word, names)});
}

}  // namespace

const Command kSchema = {"schema",          "KIND",           "a JSON Schema: model, budget, output or gpu",
                         kSchemaOptions,    kSchemaExamples,  run_schema,
                         nullptr,           Completion::none, {},
                         Completion::schema};

}  // namespace ctxcost::cli
