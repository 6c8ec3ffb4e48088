// JUnit's XML as CI servers read it: a suite for each file, a case for each judgement.
// [testmoapp/junitxml; jenkinsci/xunit-plugin …/types/model/xsd/junit-10.xsd]
#include "core/format.h"
#include "core/printable.h"
#include "row.h"

namespace ctxcost {
namespace {

/// Text of an element or attribute. What XML 1.0 cannot hold becomes U+FFFD, what else is not printable a reference.
std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());
    const char32_t c = character.code_point;
    const bool control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    if (!character.valid || control || c == 0xfffe || c == 0xffff) {
      out += "\xef\xbf\xbd";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (character.printable) {
      out += character.bytes;
    } else {
      out += "&#" + std::to_string(static_cast<std::uint32_t>(c)) + ";";
    }
  }
  return out;
}

/// What stands in one suite.
struct Suite {
  std::string name;
  std::string cases;
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
};

void add_case(Suite& suite, const Judgement& judgement) {
  const std::string place = place_text(judgement.file, judgement.place);
  ++suite.tests;
  if (judgement.verdict == Verdict::error) {
    ++suite.errors;
    suite.cases += format(
        "    <testcase classname=\"{}\" name=\"{}\">\n      <error type=\"input\" message=\"{}\">{}</error>\n"
        "    </testcase>\n",
        escaped(suite.name), escaped(place), escaped(judgement.message), escaped(judgement.diagnostic));
    return;
  }
  suite.cases +=
      format("    <testcase classname=\"{}\" name=\"{}\"", escaped(judgement.subject), escaped(judgement.test));
  if (judgement.verdict == Verdict::pass) {
    suite.cases += "/>\n";
    return;
  }
  const std::string details = place + (judgement.advice.empty() ? "" : ": " + judgement.advice);
  if (judgement.verdict == Verdict::fail) {
    ++suite.failures;
    suite.cases += format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n", escaped(judgement.metric),
                          escaped(judgement.message), escaped(details));
  } else {
    suite.cases +=
        format(">\n      <system-out>warning: {} [{}]</system-out>\n", escaped(judgement.message), escaped(details));
  }
  suite.cases += "    </testcase>\n";
}

std::string counts(std::size_t tests, std::size_t failures, std::size_t errors) {
  return format(" tests=\"{}\" failures=\"{}\" errors=\"{}\"", tests, failures, errors);
}

void write_junit(const Document& document, const PageSettings&, Writer& out) {
  const Judgements judgements = document.judgements();
  std::vector<Suite> suites;
  for (const std::string& name : judgements.suites) suites.push_back({name, ""});
  for (const Judgement& judgement : judgements.items) add_case(suites[judgement.suite], judgement);
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  for (const Suite& suite : suites) {
    tests += suite.tests;
    failures += suite.failures;
    errors += suite.errors;
  }
  out.text(format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ctxcost {}\"{}>\n",
                  document.shape().command, counts(tests, failures, errors)));
  for (const Suite& suite : suites) {
    out.text(format("  <testsuite name=\"{}\"{} skipped=\"0\">\n", escaped(suite.name),
                    counts(suite.tests, suite.failures, suite.errors)));
    out.text(suite.cases);
    out.text("  </testsuite>\n");
  }
  out.text("</testsuites>\n");
}

}  // namespace

CTXCOST_OUTPUT_FORMAT(kJunit) = {"junit", ".xml", "test results for CI servers", Part::judgements, write_junit};

}  // namespace ctxcost
