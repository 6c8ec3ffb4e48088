// Workflow commands of GitHub Actions: each breach becomes an annotation at its limit in the budget file.
// [GitHub Docs, "Workflow commands for GitHub Actions"; escapes as in actions/toolkit packages/core/src/command.ts]
#include "core/printable.h"
#include "row.h"

namespace ctxcost {
namespace {

/// Line ends are the command's own escapes; what else is not printable is escaped as in text.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());
    switch (character.code_point) {
      case '%': out += "%25"; break;
      case '\r': out += "%0D"; break;
      case '\n': out += "%0A"; break;
      case ':': out += property ? "%3A" : ":"; break;
      case ',': out += property ? "%2C" : ","; break;
      default: out += printable(character.bytes);
    }
  }
  return out;
}

void annotate(Writer& out, const Finding& finding) {
  out.text(finding.verdict == Verdict::warn ? "::warning " : "::error ");
  if (finding.file != "-" || finding.verdict != Verdict::error) {
    out.text("file=" + escaped(finding.file, true) + ",");
  }
  if (finding.line != 0) {
    out.text("line=" + std::to_string(finding.line) + ",col=" + std::to_string(finding.column) + ",");
  }
  const std::string title = finding.verdict == Verdict::error ? "budget file in error" : finding.subject;
  std::string text = finding.message;
  if (!finding.advice.empty()) text += "; " + finding.advice;
  out.text("title=" + escaped(title, true) + "::" + escaped(text, false) + "\n");
}

void write(const Document& document, bool, Writer& out) {
  const Findings findings = document.findings();
  for (const Finding& finding : findings.items) {
    if (finding.verdict == Verdict::error) annotate(out, finding);
  }
  for (const Finding& finding : findings.items) {
    if (finding.verdict == Verdict::warn || finding.verdict == Verdict::fail) annotate(out, finding);
  }
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kGithub) = {"github", "", "workflow commands: an annotation for each breach", Part::findings,
                                  write};

}  // namespace ctxcost
