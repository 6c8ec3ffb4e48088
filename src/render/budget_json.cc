// Verdicts in the envelope of all documents: budgets with their limits, and the results behind them.
#include <algorithm>
#include <set>

#include "budget_wording.h"
#include "document_parts.h"
#include "input/model_config.h"
#include "json_writer.h"

namespace ctxcost {
namespace {

void member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.string(value);
}

void member(JsonWriter& json, std::string_view key, Count value) {
  json.key(key);
  json.count(value);
}

void write_limit(JsonWriter& json, const JudgedLimit& judged) {
  const Limit& limit = *judged.limit;
  json.begin_object();
  member(json, "metric", info(limit.metric).name);
  member(json, "context", judged.context);
  member(json, "batch", judged.batch);
  json.key("actual");
  json.value(judged.actual);
  json.key(limit.side == LimitSide::max ? "max" : "min");
  json.value(judged.bound);
  member(json, "verdict", name(judged.verdict));
  if (judged.unbounded) {
    json.key("unbounded");
    json.boolean(true);
  }
  member(json, "pointer", limit.place.pointer);
  member(json, "line", limit.place.line);
  member(json, "column", limit.place.column);
  if (judged.verdict != Verdict::pass) {
    json.key("remedies");
    json.begin_array();
    for (const Remedy& remedy : judged.remedies) {
      json.begin_object();
      member(json, "setting", remedy.setting);
      member(json, "value", remedy.value);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
}

void write_budget(JsonWriter& json, const JudgedBudget& judged) {
  const Budget& budget = *judged.budget;
  json.begin_object();
  member(json, "name", budget.name);
  member(json, "file", budget.file);
  member(json, "level", budget.level == BudgetLevel::error ? "error" : "warning");
  member(json, "verdict", name(judged.verdict));
  json.key("limits");
  json.begin_array();
  for (const JudgedLimit& limit : judged.limits) write_limit(json, limit);
  json.end_array();
  json.end_object();
}

/// Members of the object of a result.
void write_point(JsonWriter& json, const JudgedBudget& judged, const BudgetPoint& point, const RenderOptions& options) {
  const Budget& budget = *judged.budget;
  member(json, "budget", budget.name);
  member(json, "file", budget.file);
  const DeploymentSettings& settings = budget.setup.settings;
  json.key("gpu");
  if (settings.gpu) {
    json.begin_object();
    member(json, "id", settings.gpu->id);
    member(json, "name", settings.gpu->name);
    json.end_object();
  } else {
    json.null();
  }
  member(json, "parallel", settings.parallelism.name());
  // Budgets may count by conventions of their own, so that each result says its own.
  write_conventions(json, budget.setup.workload.convention, budget.setup.workload.logits, options);
  const GridPoint row{judged.deployment->estimator(), point.values.model, point.values.model};
  const std::vector<std::string> engine_notes = judged.deployment->engine_notes(row.context(), row.batch());
  write_result(json, row, options, &engine_notes);
  for (const MetricInfo& metric : device_metrics()) {
    json.key(metric.name);
    json.value(point.values[metric.metric]);
  }
}

void write_recorded(JsonWriter& json, std::string_view key, const RecordedValue& value) {
  json.key(key);
  if (const auto* count = std::get_if<SignedCount>(&value)) {
    json.value(count->negative ? MetricValue(Negative{count->magnitude}) : MetricValue(count->magnitude));
  } else if (const auto* real = std::get_if<double>(&value)) {
    json.number(*real);
  } else if (const auto* level = std::get_if<std::string>(&value)) {
    json.string(*level);
  } else {
    json.null();
  }
}

/// The point of a change, or one that the baseline lacks.
void write_point_name(JsonWriter& json, const Budget& budget, Count context, Count batch) {
  member(json, "budget", budget.name);
  member(json, "file", budget.file);
  member(json, "context", context);
  member(json, "batch", batch);
}

void write_baseline(JsonWriter& json, const BaselineComparison& baseline) {
  json.key("baseline");
  json.begin_object();
  member(json, "source", baseline.source);
  member(json, "verdict", name(baseline.verdict));
  member(json, "compared", baseline.compared);
  json.key("missing");
  json.begin_array();
  for (const BaselineComparison::Point& point : baseline.missing) {
    json.begin_object();
    write_point_name(json, *point.budget->budget, point.context, point.batch);
    json.end_object();
  }
  json.end_array();
  json.key("changes");
  json.begin_array();
  for (const BudgetChange& entry : baseline.changes) {
    json.begin_object();
    write_point_name(json, *entry.budget->budget, entry.context, entry.batch);
    member(json, "metric", info(entry.change.metric).name);
    write_recorded(json, "before", entry.change.before);
    write_recorded(json, "after", entry.change.after);
    write_recorded(json, "change", entry.change.change);
    json.key("percent");
    if (entry.change.percent) {
      const double percent = entry.change.percent->tenths.to_double() / 10;
      json.number(entry.change.percent->negative ? -percent : percent);
    } else {
      json.null();
    }
    json.key("allowed");
    entry.allowed.empty() ? json.null() : json.string(entry.allowed);
    member(json, "verdict", name(entry.verdict));
    if (entry.verdict != Verdict::pass) {
      json.key("causes");
      json.begin_array();
      for (const ChangeCause& cause : entry.causes) {
        json.begin_object();
        member(json, "key", cause.key);
        member(json, "before", cause.before);
        member(json, "after", cause.after);
        json.end_object();
      }
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

/// Configs nest a few levels; the writer holds 64.
constexpr std::size_t kDeepestConfig = 48;

std::size_t depth_of(const JsonValue& value) {
  std::size_t deepest = 0;
  for (const JsonValue& item : value.items) deepest = std::max(deepest, depth_of(item));
  for (const JsonMember& one : value.members) deepest = std::max(deepest, depth_of(one.value));
  return deepest + 1;
}

void write_value(JsonWriter& json, const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::boolean: return json.boolean(value.boolean);
    case JsonValue::Type::integer:
    case JsonValue::Type::real: return json.raw(value.text);
    case JsonValue::Type::string: return json.string(value.text);
    case JsonValue::Type::array:
      json.begin_array();
      for (const JsonValue& item : value.items) write_value(json, item);
      return json.end_array();
    case JsonValue::Type::object:
      json.begin_object();
      for (const JsonMember& one : value.members) {
        json.key(one.key);
        write_value(json, one.value);
      }
      return json.end_object();
    default: return json.null();
  }
}

/// What the models were read from, by source: a later run finds the keys in it that make a metric change.
void write_configs(JsonWriter& json, const BudgetReport& report) {
  std::set<std::string_view> written;
  json.key("configs");
  json.begin_object();
  for (const JudgedBudget& judged : report.judged) {
    const JsonDocument* const config = judged.budget->config.get();
    if (config == nullptr || !written.insert(config->source).second) continue;
    const JsonValue& root = config_root(*config);
    if (depth_of(root) > kDeepestConfig) continue;
    json.key(config->source);
    write_value(json, root);
  }
  json.end_object();
}

/// Of the first budget: the others say their own in their results.
void write_conventions(JsonWriter& json, const BudgetReport& report, const RenderOptions& options) {
  if (report.judged.empty()) return write_conventions(json, causal_convention(), Logits::last, options);
  const Workload& first = report.judged.front().budget->setup.workload;
  write_conventions(json, first.convention, first.logits, options);
}

void write_errors(JsonWriter& json, std::span<const BudgetFault> faults) {
  json.key("errors");
  json.begin_array();
  for (const BudgetFault& fault : faults) {
    json.begin_object();
    member(json, "file", fault.file_at_fault);
    member(json, "pointer", fault.place.pointer);
    for (const auto& [key, value] : {std::pair("line", fault.place.line), {"column", fault.place.column}}) {
      json.key(key);
      fault.place.line == 0 ? json.null() : json.count(value);
    }
    member(json, "message", fault.diagnostic.message);
    if (!fault.diagnostic.hint.empty()) member(json, "hint", fault.diagnostic.hint);
    json.end_object();
  }
  json.end_array();
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  write_header(json, options);
  write_conventions(json, report, options);
  member(json, "verdict", name(report.verdict));
  if (!report.faults.empty()) write_errors(json, report.faults);
  json.key("budgets");
  json.begin_array();
  for (const JudgedBudget& judged : report.judged) write_budget(json, judged);
  json.end_array();
  if (report.baseline) write_baseline(json, *report.baseline);
  write_configs(json, report);
  json.key("results");
  json.begin_array();
  for (const JudgedBudget& judged : report.judged) {
    for (const BudgetPoint& point : judged.points) {
      json.begin_object();
      write_point(json, judged, point, options);
      json.end_object();
    }
  }
  json.end_array();
  json.end_object();
  out.character('\n');
}

/// A line for each result, with its limits, and one for each file that is in error.
void render_lines(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  std::size_t first = 0;
  while (first < report.faults.size()) {
    std::size_t end = first + 1;
    while (end < report.faults.size() && report.faults[end].file == report.faults[first].file) ++end;
    JsonWriter json(out, JsonWriter::Layout::compact);
    json.begin_object();
    write_header(json, options);
    member(json, "file", report.faults[first].file);
    member(json, "verdict", name(Verdict::error));
    write_errors(json, std::span(report.faults).subspan(first, end - first));
    json.end_object();
    out.character('\n');
    first = end;
  }
  for (const JudgedBudget& judged : report.judged) {
    const std::size_t points = judged.points.size();
    for (std::size_t i = 0; i < points; ++i) {
      const BudgetPoint& point = judged.points[i];
      JsonWriter json(out, JsonWriter::Layout::compact);
      json.begin_object();
      write_header(json, options);
      member(json, "verdict", name(judged.verdict_at(i)));
      json.key("limits");
      json.begin_array();
      // Each limit stands for every point in turn.
      for (std::size_t k = i; k < judged.limits.size(); k += points) write_limit(json, judged.limits[k]);
      json.end_array();
      write_point(json, judged, point, options);
      json.end_object();
      out.character('\n');
    }
  }
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetNdjson) = {"ndjson", ".ndjson .jsonl", "one result a line, with its verdict and limits",
                                        render_lines};
CTXCOST_BUDGET_FORMAT(kBudgetJson) = {"json", ".json", "verdicts and every metric behind them; also a baseline",
                                      render};

}  // namespace ctxcost
