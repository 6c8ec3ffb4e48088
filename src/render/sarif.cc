// SARIF 2.1.0: each breach is a result at the line and column of its limit in the budget file.
// [OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0]
#include <algorithm>

#include "row.h"

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
void write_location(JsonWriter& json, const Finding& finding) {
  json.begin_object();
  json.key("physicalLocation");
  json.begin_object();
  json.key("artifactLocation");
  json.begin_object();
  member(json, "uri", uri(finding.file));
  json.end_object();
  if (finding.line != 0) {
    json.key("region");
    json.begin_object();
    json.key("startLine");
    json.count(finding.line);
    json.key("startColumn");
    json.count(finding.column);
    json.end_object();
  }
  json.end_object();
  json.end_object();
}

bool is_result(const Finding& finding) { return finding.verdict == Verdict::warn || finding.verdict == Verdict::fail; }

void write_result(JsonWriter& json, const Finding& finding, std::size_t rule) {
  json.begin_object();
  member(json, "ruleId", finding.rule);
  json.key("ruleIndex");
  json.count(rule);
  member(json, "level", finding.verdict == Verdict::fail ? "error" : "warning");
  std::string message = finding.subject + ": " + finding.message;
  if (!finding.advice.empty()) message += "; " + finding.advice;
  text_member(json, "message", message + ".");
  json.key("locations");
  json.begin_array();
  write_location(json, finding);
  json.end_array();
  json.key("partialFingerprints");
  json.begin_object();
  member(json, "budgetLimit/v1", finding.fingerprint);
  json.end_object();
  json.end_object();
}

/// That files could not be judged is a matter of the tool, not a result.
void write_invocation(JsonWriter& json, const std::vector<Finding>& findings) {
  json.key("invocations");
  json.begin_array();
  json.begin_object();
  json.key("executionSuccessful");
  json.boolean(false);
  json.key("exitCode");
  json.count(2);
  json.key("toolExecutionNotifications");
  json.begin_array();
  for (const Finding& finding : findings) {
    if (finding.verdict != Verdict::error) continue;
    json.begin_object();
    member(json, "level", "error");
    text_member(json, "message", finding.message);
    json.key("locations");
    json.begin_array();
    write_location(json, finding);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_array();
}

void write(const Document& document, bool, Writer& out) {
  const std::vector<Finding> found = document.findings().items;
  std::vector<const Finding*> rules;  // the first finding of each
  const auto rule_of = [&rules](const Finding& finding) {
    return std::find_if(rules.begin(), rules.end(), [&](const Finding* rule) { return rule->rule == finding.rule; });
  };
  for (const Finding& finding : found) {
    if (is_result(finding) && rule_of(finding) == rules.end()) rules.push_back(&finding);
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
    text_member(json, "shortDescription", rule->rule_title);
    text_member(json, "fullDescription", rule->rule_meaning);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  if (std::any_of(found.begin(), found.end(), [](const Finding& one) { return one.verdict == Verdict::error; })) {
    write_invocation(json, found);
  }
  member(json, "columnKind", "unicodeCodePoints");
  json.key("results");
  json.begin_array();
  for (const Finding& finding : found) {
    if (is_result(finding)) write_result(json, finding, static_cast<std::size_t>(rule_of(finding) - rules.begin()));
  }
  json.end_array();
  json.end_object();
  json.end_array();
  json.end_object();
  out.character('\n');
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kSarif) = {"sarif", ".sarif", "SARIF 2.1.0: a result for each breach", Part::findings, write};

}  // namespace ctxcost
