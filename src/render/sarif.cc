// SARIF 2.1.0: each breach is a result at the line and column of its limit.
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

/// There is no region if the line is unknown.
void write_location(JsonWriter& json, const Judgement& judgement) {
  json.begin_object();
  json.key("physicalLocation");
  json.begin_object();
  json.key("artifactLocation");
  json.begin_object();
  member(json, "uri", uri(judgement.file));
  json.end_object();
  if (judgement.place.line != 0) {
    json.key("region");
    json.begin_object();
    json.key("startLine");
    json.count(judgement.place.line);
    json.key("startColumn");
    json.count(judgement.place.column);
    json.end_object();
  }
  json.end_object();
  json.end_object();
}

void write_result(JsonWriter& json, const Judgement& judgement, std::size_t rule) {
  json.begin_object();
  member(json, "ruleId", judgement.rule);
  json.key("ruleIndex");
  json.count(rule);
  member(json, "level", judgement.verdict == Verdict::fail ? "error" : "warning");
  std::string message = judgement.subject + ": " + judgement.message;
  if (!judgement.advice.empty()) message += "; " + judgement.advice;
  text_member(json, "message", message + ".");
  json.key("locations");
  json.begin_array();
  write_location(json, judgement);
  json.end_array();
  json.key("partialFingerprints");
  json.begin_object();
  member(json, "budgetLimit/v1", judgement.fingerprint);
  json.end_object();
  json.end_object();
}

/// Files that could not be judged are tool notifications, not results.
void write_invocation(JsonWriter& json, const std::vector<Judgement>& judged) {
  json.key("invocations");
  json.begin_array();
  json.begin_object();
  json.key("executionSuccessful");
  json.boolean(false);
  json.key("exitCode");
  json.count(2);
  json.key("toolExecutionNotifications");
  json.begin_array();
  for (const Judgement& judgement : judged) {
    if (judgement.verdict != Verdict::error) continue;
    json.begin_object();
    member(json, "level", "error");
    text_member(json, "message", judgement.message);
    json.key("locations");
    json.begin_array();
    write_location(json, judgement);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_array();
}

void write_sarif(const Document& document, const PageSettings&, Writer& out) {
  const std::vector<Judgement> judged = document.judgements().items;
  std::vector<const Judgement*> rules;  // the first judgement of each
  const auto rule_of = [&rules](const Judgement& judgement) {
    return std::find_if(rules.begin(), rules.end(),
                        [&](const Judgement* rule) { return rule->rule == judgement.rule; });
  };
  for (const Judgement& judgement : judged) {
    if (judgement.is_breach() && rule_of(judgement) == rules.end()) rules.push_back(&judgement);
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
  for (const Judgement* rule : rules) {
    json.begin_object();
    member(json, "id", rule->rule);
    text_member(json, "shortDescription", rule->rule_title);
    text_member(json, "fullDescription", rule->rule_meaning);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  if (std::any_of(judged.begin(), judged.end(), [](const Judgement& one) { return one.verdict == Verdict::error; })) {
    write_invocation(json, judged);
  }
  member(json, "columnKind", "unicodeCodePoints");
  json.key("results");
  json.begin_array();
  for (const Judgement& judgement : judged) {
    if (judgement.is_breach())
      write_result(json, judgement, static_cast<std::size_t>(rule_of(judgement) - rules.begin()));
  }
  json.end_array();
  json.end_object();
  json.end_array();
  json.end_object();
  out.character('\n');
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kSarif) = {"sarif", ".sarif", "SARIF 2.1.0: a result for each breach", Part::judgements,
                                 write_sarif};

}  // namespace ctxcost
