// JUnit's XML as CI servers read it: a suite for each file, a case for each judgement.
// [testmoapp/junitxml; jenkinsci/xunit-plugin …/types/model/xsd/junit-10.xsd]
#include <algorithm>

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

std::string place_of(const Finding& finding) {
  return finding.line == 0 ? finding.file : format("{}:{}:{}", finding.file, finding.line, finding.column);
}

void add_case(Suite& suite, const Finding& finding) {
  ++suite.tests;
  if (finding.verdict == Verdict::error) {
    ++suite.errors;
    suite.cases += format(
        "    <testcase classname=\"{}\" name=\"{}\">\n      <error type=\"input\" message=\"{}\">{}</error>\n"
        "    </testcase>\n",
        escaped(finding.suite), escaped(place_of(finding)), escaped(finding.message), escaped(finding.diagnostic));
    return;
  }
  suite.cases += format("    <testcase classname=\"{}\" name=\"{}\"", escaped(finding.subject), escaped(finding.test));
  if (finding.verdict == Verdict::pass) {
    suite.cases += "/>\n";
    return;
  }
  const std::string details = place_of(finding) + (finding.advice.empty() ? "" : ": " + finding.advice);
  if (finding.verdict == Verdict::fail) {
    ++suite.failures;
    suite.cases += format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n", escaped(finding.metric),
                          escaped(finding.message), escaped(details));
  } else {
    suite.cases +=
        format(">\n      <system-out>warning: {} [{}]</system-out>\n", escaped(finding.message), escaped(details));
  }
  suite.cases += "    </testcase>\n";
}

std::string counts(std::size_t tests, std::size_t failures, std::size_t errors) {
  return format(" tests=\"{}\" failures=\"{}\" errors=\"{}\"", tests, failures, errors);
}

void write(const Document& document, bool, Writer& out) {
  const Findings findings = document.findings();
  std::vector<Suite> suites;
  for (const std::string& name : findings.suites) {
    suites.push_back({name, ""});
    for (const Finding& finding : findings.items) {
      if (finding.suite == name && finding.in_tests) add_case(suites.back(), finding);
    }
  }
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

CTXCOST_OUTPUT_FORMAT(kJunit) = {"junit", ".xml", "test results for CI servers", Part::findings, write};

}  // namespace ctxcost
