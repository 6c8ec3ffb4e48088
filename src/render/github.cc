// Workflow commands of GitHub Actions: each breach becomes an annotation at its limit. [GitHub Docs, "Workflow commands
// for GitHub Actions"; escapes as in actions/toolkit packages/core/src/command.ts]
#include "core/printable.h"
#include "row.h"

namespace ctxcost {
namespace {

/// Line ends have their own escapes in a workflow command; other unprintable characters are escaped as in text.
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

void annotate(Writer& out, const Judgement& judgement) {
  out.text(judgement.verdict == Verdict::warn ? "::warning " : "::error ");
  // Standard input has no path; GitHub takes an annotation without a file.
  if (judgement.file != "-") out.text("file=" + escaped(judgement.file, true) + ",");
  if (judgement.place.line != 0) {
    out.text("line=" + std::to_string(judgement.place.line) + ",col=" + std::to_string(judgement.place.column) + ",");
  }
  std::string text = judgement.message;
  if (!judgement.advice.empty()) text += "; " + judgement.advice;
  out.text("title=" + escaped(judgement.subject, true) + "::" + escaped(text, false) + "\n");
}

void write_github(const Document& document, const PageSettings&, Writer& out) {
  const std::vector<Judgement> judged = document.judgements().items;
  // What could not be judged comes first: GitHub shows ten annotations of a kind.
  for (const Judgement& judgement : judged) {
    if (judgement.verdict == Verdict::error) annotate(out, judgement);
  }
  for (const Judgement& judgement : judged) {
    if (judgement.is_breach()) annotate(out, judgement);
  }
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kGithub) = {"github", "", "workflow commands: an annotation for each breach", Part::judgements,
                                  write_github};

}  // namespace ctxcost
