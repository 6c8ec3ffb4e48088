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

void write_location(JsonWriter& json, const std::string& file, const TextPlace& place) {
  json.begin_object();
  json.key("physicalLocation");
  json.begin_object();
  json.key("artifactLocation");
  json.begin_object();
  member(json, "uri", uri(file));
  json.end_object();
  json.key("region");
  json.begin_object();
  json.key("startLine");
  json.count(place.line);
  json.key("startColumn");
  json.count(place.column);
  json.end_object();
  json.end_object();
  json.end_object();
}

void write_result(JsonWriter& json, const Breach& breach, std::size_t rule, const RenderOptions& options) {
  const auto& [judged, limit] = breach;
  const Budget& budget = *judged.budget;
  std::string message = budget.name + ": " + breach_text(limit, options.units);
  const std::string remedies = remedy_text(limit);
  if (!remedies.empty() && !options.quiet) message += "; would pass with " + remedies;
  json.begin_object();
  member(json, "ruleId", info(limit.limit->metric).name);
  json.key("ruleIndex");
  json.count(rule);
  member(json, "level", limit.verdict == Verdict::fail ? "error" : "warning");
  text_member(json, "message", message + ".");
  json.key("locations");
  json.begin_array();
  write_location(json, budget.file, limit.limit->place);
  json.end_array();
  // The same breach in the next run, even where lines moved.
  json.key("partialFingerprints");
  json.begin_object();
  member(json, "budgetLimit/v1",
         budget.name + "/" + std::string(info(limit.limit->metric).name) +
             (limit.limit->side == Side::max ? "/max" : "/min") + "/" + to_string(limit.context) + "/" +
             to_string(limit.batch));
  json.end_object();
  json.end_object();
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  const std::vector<Breach> found = breaches(report);
  std::vector<Metric> rules;
  for (const Breach& breach : found) {
    if (std::find(rules.begin(), rules.end(), breach.limit.limit->metric) == rules.end()) {
      rules.push_back(breach.limit.limit->metric);
    }
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
  for (const Metric metric : rules) {
    json.begin_object();
    member(json, "id", info(metric).name);
    text_member(json, "shortDescription", std::string(info(metric).name) + " outside its budget");
    text_member(json, "fullDescription", info(metric).meaning);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  member(json, "columnKind", "unicodeCodePoints");
  json.key("results");
  json.begin_array();
  for (const Breach& breach : found) {
    const auto rule = std::find(rules.begin(), rules.end(), breach.limit.limit->metric) - rules.begin();
    write_result(json, breach, static_cast<std::size_t>(rule), options);
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
