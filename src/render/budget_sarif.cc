// SARIF 2.1.0: each breach is a result at the line and column of its limit in the budget file.
// [OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0]
#include <algorithm>

#include "budget_wording.h"
#include "json_writer.h"

namespace ctxcost {
namespace {

constexpr std::string_view kSchema = "https://json.schemastore.org/sarif-2.1.0.json";

/// A path as a URI reference (RFC 3986): relative to the root of the sources, or absolute.
std::string uri(std::string_view path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  if (path == "-") return "stdin";
  std::string out = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("-._~/").find(c) != std::string_view::npos;
    if (kept) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

void member(JsonWriter& json, std::string_view key, std::string_view value) {
  json.key(key);
  json.string(value);
}

void text_member(JsonWriter& json, std::string_view key, std::string_view text) {
  json.key(key);
  json.begin_object();
  member(json, "text", text);
  json.end_object();
}

/// Without a region where the line is not known.
void write_location(JsonWriter& json, const std::string& file, const TextPlace& place) {
  json.begin_object();
  json.key("physicalLocation");
  json.begin_object();
  json.key("artifactLocation");
  json.begin_object();
  member(json, "uri", uri(file));
  json.end_object();
  if (place.line != 0) {
    json.key("region");
    json.begin_object();
    json.key("startLine");
    json.count(place.line);
    json.key("startColumn");
    json.count(place.column);
    json.end_object();
  }
  json.end_object();
  json.end_object();
}

/// A breach or a change that is too much.
struct Finding {
  std::string rule;
  std::string description;   // of the rule
  std::string_view meaning;  // of the metric
  Verdict verdict;
  std::string message;
  const Budget* budget;
  const TextPlace* place;
  std::string fingerprint;  // the same in the next run, even where lines moved
};

std::vector<Finding> findings(const BudgetReport& report, const RenderOptions& options) {
  std::vector<Finding> found;
  for (const auto& [judged, limit] : breaches(report)) {
    const Budget& budget = *judged.budget;
    const MetricInfo& metric = info(limit.limit->metric);
    std::string message = budget.name + ": " + breach_text(limit, options.units);
    const std::string remedies = remedy_text(limit);
    if (!remedies.empty() && !options.quiet) message += "; would pass with " + remedies;
    found.push_back({std::string(metric.name), std::string(metric.name) + " outside its budget", metric.meaning,
                     limit.verdict, std::move(message), &budget, &limit.limit->place,
                     budget.name + "/" + std::string(metric.name) +
                         (limit.limit->side == LimitSide::max ? "/max/" : "/min/") + to_string(limit.context) + "/" +
                         to_string(limit.batch)});
  }
  for (const BudgetChange* change : excesses(report)) {
    const Budget& budget = *change->budget->budget;
    const MetricInfo& metric = info(change->change.metric);
    found.push_back({"baseline/" + std::string(metric.name), std::string(metric.name) + " worse than in the baseline",
                     metric.meaning, change->verdict,
                     budget.name + ": " + change_text(*change, options.units) + causes_text(*change), &budget,
                     &budget.place,
                     budget.name + "/" + std::string(metric.name) + "/baseline/" + to_string(change->context) + "/" +
                         to_string(change->batch)});
  }
  return found;
}

void write_result(JsonWriter& json, const Finding& finding, std::size_t rule) {
  json.begin_object();
  member(json, "ruleId", finding.rule);
  json.key("ruleIndex");
  json.count(rule);
  member(json, "level", finding.verdict == Verdict::fail ? "error" : "warning");
  text_member(json, "message", finding.message + ".");
  json.key("locations");
  json.begin_array();
  write_location(json, finding.budget->file, *finding.place);
  json.end_array();
  json.key("partialFingerprints");
  json.begin_object();
  member(json, "budgetLimit/v1", finding.fingerprint);
  json.end_object();
  json.end_object();
}

/// That files could not be judged is a matter of the tool, not a result.
void write_invocation(JsonWriter& json, const BudgetReport& report) {
  json.key("invocations");
  json.begin_array();
  json.begin_object();
  json.key("executionSuccessful");
  json.boolean(false);
  json.key("exitCode");
  json.count(2);
  json.key("toolExecutionNotifications");
  json.begin_array();
  for (const BudgetFault& fault : report.faults) {
    json.begin_object();
    member(json, "level", "error");
    text_member(json, "message", fault_text(fault));
    json.key("locations");
    json.begin_array();
    write_location(json, fault.file_at_fault, fault.place);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_array();
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  const std::vector<Finding> found = findings(report, options);
  std::vector<const Finding*> rules;  // the first finding of each
  const auto rule_of = [&rules](const Finding& finding) {
    return std::find_if(rules.begin(), rules.end(), [&](const Finding* rule) { return rule->rule == finding.rule; });
  };
  for (const Finding& finding : found) {
    if (rule_of(finding) == rules.end()) rules.push_back(&finding);
  }
  JsonWriter json(out, JsonWriter::Layout::indented);
  json.begin_object();
  member(json, "$schema", kSchema);
  member(json, "version", "2.1.0");
  json.key("runs");
  json.begin_array();
  json.begin_object();
  json.key("tool");
  json.begin_object();
  json.key("driver");
  json.begin_object();
  member(json, "name", "ctxcost");
  member(json, "version", version());
  json.key("rules");
  json.begin_array();
  for (const Finding* rule : rules) {
    json.begin_object();
    member(json, "id", rule->rule);
    text_member(json, "shortDescription", rule->description);
    text_member(json, "fullDescription", rule->meaning);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  if (!report.faults.empty()) write_invocation(json, report);
  member(json, "columnKind", "unicodeCodePoints");
  json.key("results");
  json.begin_array();
  for (const Finding& finding : found) {
    write_result(json, finding, static_cast<std::size_t>(rule_of(finding) - rules.begin()));
  }
  json.end_array();
  json.end_object();
  json.end_array();
  json.end_object();
  out.character('\n');
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetSarif) = {"sarif", ".sarif", "SARIF 2.1.0: a result for each breach", render};

}  // namespace ctxcost
