#include "saved_report.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "input/json/cursor.h"

namespace ctxcost {
namespace {

using Type = JsonValue::Type;

constexpr Count kSchemaVersion = 1;

bool holds_words(Unit unit) { return unit == Unit::level; }

std::optional<SignedCount> read_integer(const std::string& text) {
  const bool negative = text.starts_with('-');
  const std::optional<Count> magnitude = parse_digits(std::string_view(text).substr(negative ? 1 : 0));
  if (!magnitude) return std::nullopt;
  return SignedCount{negative && *magnitude != 0, *magnitude};
}

std::optional<double> read_real(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<RecordedValue> read_value(const MetricInfo& metric, const JsonValue& value) {
  switch (value.type) {
    case Type::null: return RecordedValue();
    case Type::integer:
      if (holds_words(metric.unit)) return std::nullopt;
      if (const auto integer = read_integer(value.text)) return RecordedValue(*integer);
      return std::nullopt;
    case Type::real:
      if (is_whole(metric.unit) || holds_words(metric.unit)) return std::nullopt;
      if (const auto real = read_real(value.text)) return RecordedValue(*real);
      return std::nullopt;
    case Type::string:
      if (!holds_words(metric.unit)) return std::nullopt;
      return RecordedValue(value.text);
    default: return std::nullopt;
  }
}

RecordedConvention read_convention(ObjectCursor& conventions) {
  RecordedConvention convention;
  convention.name = conventions.text("name").value_or("");
  convention.flops_per_mac = conventions.count("flops_per_mac").value_or(1);
  convention.pairs = conventions.text("pairs").value_or("");
  convention.logits = conventions.text("logits").value_or("");
  for (const char* key : {"name", "pairs", "flops_per_mac"}) {
    if (conventions.find(key) == nullptr) conventions.wrong(key, "how the numbers were counted");
  }
  return convention;
}

/// The model's name; an object in documents, a string in rows of one line.
std::string read_model_name(ObjectCursor& result) {
  const JsonValue* model = result.find("model");
  if (model != nullptr && model->is(Type::string)) return model->text;
  const JsonValue* name = model == nullptr ? nullptr : model->find("name");
  if (name != nullptr && name->is(Type::string)) return name->text;
  result.wrong("model", "an object with the model's \"name\"");
  return {};
}

PointRecord read_result(ObjectCursor& result, const std::optional<RecordedConvention>& of_document) {
  PointRecord point;
  point.model = read_model_name(result);
  for (const char* key : {"context", "batch"}) {
    const JsonValue* value = result.find(key);
    if (value == nullptr) {
      result.wrong(key, "an integer", "only documents of `scale` and `check` with these columns can be compared");
    } else if (const auto count = result.count(key, {.least = 0})) {
      (key[0] == 'c' ? point.context : point.batch) = *count;
    }
  }
  if (std::optional<ObjectCursor> own = result.object("conventions")) {
    point.convention = read_convention(*own);
  } else if (of_document) {
    point.convention = *of_document;
  } else {
    result.wrong("conventions", "how the numbers were counted, here or in the document");
  }
  for (const JsonMember& member : result.value().members) {
    if (const std::optional<Metric> metric = find_metric(member.key)) {
      if (std::optional<RecordedValue> value = read_value(info(*metric), member.value)) {
        point.values.emplace_back(*metric, *std::move(value));
      } else if (*metric != Metric::context && *metric != Metric::batch) {  // those are read above
        result.wrong(member.key, holds_words(info(*metric).unit) ? "a level's name or null" : "a number or null");
      }
    } else if (member.value.is(Type::string) && member.key != "model") {
      point.labels.emplace_back(member.key, member.value.text);
    }
  }
  std::sort(point.values.begin(), point.values.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return point;
}

}  // namespace

const RecordedValue* PointRecord::find(Metric metric) const {
  const auto row =
      std::find_if(values.begin(), values.end(), [metric](const auto& one) { return one.first == metric; });
  return row == values.end() ? nullptr : &row->second;
}

bool looks_like_saved_report(const JsonValue& root) {
  return root.find("schema_version") != nullptr && root.find("results") != nullptr;
}

ReportRecord read_saved_report(const JsonDocument& document) {
  Faults faults(document.source);
  if (!looks_like_saved_report(document.root)) {
    throw InputError(
        Diagnostic{document.source, "",
                   "expected a saved report (\"schema_version\", \"results\"), found " + describe(document.root),
                   "`--format json` of `scale` and `check` writes one"});
  }
  ObjectCursor root(document.root, "", faults);
  ReportRecord report;
  report.source = document.source;
  const JsonValue* version = root.find("schema_version");
  if (!version->is(Type::integer) || parse_digits(version->text) != kSchemaVersion) {
    root.wrong("schema_version", to_string(kSchemaVersion), "write the report again with this version");
  }
  const JsonValue* const verdict = root.find("verdict");
  const bool in_error = verdict != nullptr && verdict->text == "error";
  if (in_error) {
    root.wrong("verdict", "a report without errors", "mend what its \"errors\" name and save it again");
  }
  std::optional<RecordedConvention> convention;
  if (std::optional<ObjectCursor> conventions = root.object("conventions")) convention = read_convention(*conventions);
  const JsonValue* results = root.find("results");
  if (!results->is(Type::array) || results->items.empty()) {
    if (!in_error) root.wrong("results", "a list of results");
  } else {
    for (std::size_t i = 0; i < results->items.size() && !faults.many(); ++i) {
      const std::string pointer = child_pointer(root.pointer("results"), i);
      const JsonValue& item = results->items[i];
      if (!item.is(Type::object)) {
        faults.add(item.offset, pointer, "expected an object, found " + describe(item));
        continue;
      }
      ObjectCursor result(item, pointer, faults);
      report.points.push_back(read_result(result, convention));
    }
  }
  faults.throw_if_any();
  return report;
}

ReportRecord parse_saved_report(std::string_view text, std::string_view source) {
  return read_saved_report(parse_json(text, source));
}

ReportRecord load_saved_report(std::string_view path) {
  return read_saved_report(parse_json(read_text(path, kSavedReport), path));
}

}  // namespace ctxcost
