#include "ctxcost/input/training_schedule.h"

#include <string>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "input/file/text_file.h"
#include "input/json/cursor.h"
#include "input/json/json.h"

namespace ctxcost {
namespace {

constexpr TextLimit kScheduleFile = {std::size_t{1} << 20, "a training schedule"};

constexpr std::array kStageKeys = {
    FileKey{"context", ValueType::length, "tokens of a sequence", {}, {.required = true}},
    FileKey{"tokens", ValueType::length, "trained at that context", {}, {.required = true}},
};
constexpr std::array kScheduleKeys = {
    FileKey{"$schema", ValueType::text, "not read"},
    FileKey{"stages", ValueType::objects, "one after the other", {}, {.required = true, .members = kStageKeys}},
};

/// An integer, or a length such as "64K"; at least 1.
std::optional<Count> required_length(ObjectCursor& cursor, std::string_view key) {
  const JsonValue* const value = cursor.required(key, "an integer or a length like \"64K\"");
  if (value == nullptr) return std::nullopt;
  if (!value->is(JsonValue::Type::string)) return read_count(*value, cursor.pointer(key), cursor.faults());
  try {
    const Count length = parse_length(value->text, "");
    if (length > 0) return length;
    cursor.wrong(key, "a positive integer");
  } catch (const InputError& error) {
    cursor.faults().add(value->offset, cursor.pointer(key), error);
  }
  return std::nullopt;
}

std::optional<TrainingStage> read_stage(const JsonValue& value, const std::string& pointer, Faults& faults) {
  if (!value.is(JsonValue::Type::object)) {
    faults.add(value.offset, pointer, "expected a stage, found " + describe(value));
    return std::nullopt;
  }
  ObjectCursor cursor(value, pointer, faults, kStageKeys);
  const std::optional<Count> context = required_length(cursor, "context");
  const std::optional<Count> tokens = required_length(cursor, "tokens");
  cursor.finish("of a stage");
  return context && tokens ? std::optional(TrainingStage{*context, *tokens}) : std::nullopt;
}

}  // namespace

TrainingStage parse_stage(std::string_view text, std::string_view source) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    throw_fault(source, "expected CONTEXT:TOKENS, found \"" + std::string(text) + "\"", "write 64K:62914560");
  }
  const TrainingStage stage{parse_length(text.substr(0, colon), source), parse_length(text.substr(colon + 1), source)};
  if (stage.context == 0 || stage.tokens == 0) {
    throw_fault(source, "expected a context and tokens of at least 1, found \"" + std::string(text) + "\"");
  }
  return stage;
}

std::vector<TrainingStage> parse_schedule(std::string_view text, std::string_view source) {
  const JsonDocument document = parse_json(text, source);
  Faults faults(source);
  std::vector<TrainingStage> stages;
  if (!document.root.is(JsonValue::Type::object)) {
    faults.add(0, "", "expected an object with \"stages\", found " + describe(document.root));
    faults.throw_if_any();
  }
  ObjectCursor cursor(document.root, "", faults, kScheduleKeys);
  cursor.text("$schema");
  const JsonValue* const list = cursor.required("stages", "a list of stages");
  if (list != nullptr && (!list->is(JsonValue::Type::array) || list->items.empty())) {
    cursor.wrong("stages", "a list of at least one stage");
  } else if (list != nullptr) {
    for (std::size_t i = 0; i < list->items.size() && !faults.many(); ++i) {
      if (const auto stage = read_stage(list->items[i], child_pointer(cursor.pointer("stages"), i), faults)) {
        stages.push_back(*stage);
      }
    }
  }
  cursor.finish("of a schedule");
  faults.throw_if_any();
  return stages;
}

std::vector<TrainingStage> load_schedule(std::string_view path) {
  return parse_schedule(read_text(path, kScheduleFile), path);
}

}  // namespace ctxcost
