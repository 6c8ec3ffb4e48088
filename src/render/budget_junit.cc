// JUnit's XML as CI servers read it: a suite for each budget file, a case for each limit at each point.
// [testmoapp/junitxml; jenkinsci/xunit-plugin …/types/model/xsd/junit-10.xsd]
#include <algorithm>

#include "budget_wording.h"
#include "core/printable.h"
#include "ctxcost/core/diagnostic.h"

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

void add_case(Suite& suite, std::string_view group, const std::string& test, Verdict verdict, std::string_view type,
              const std::string& message, const std::string& details) {
  ++suite.tests;
  suite.cases += "    <testcase classname=\"" + escaped(group) + "\" name=\"" + escaped(test) + "\"";
  if (verdict == Verdict::pass) {
    suite.cases += "/>\n";
    return;
  }
  suite.cases += ">\n";
  if (verdict == Verdict::fail) {
    ++suite.failures;
    suite.cases += "      <failure type=\"" + escaped(type) + "\" message=\"" + escaped(message) + "\">" +
                   escaped(details) + "</failure>\n";
  } else {
    suite.cases += "      <system-out>warning: " + escaped(message) + " [" + escaped(details) + "]</system-out>\n";
  }
  suite.cases += "    </testcase>\n";
}

void add_error(Suite& suite, const BudgetFault& fault) {
  ++suite.tests;
  ++suite.errors;
  suite.cases += "    <testcase classname=\"" + escaped(fault.file) + "\" name=\"" + escaped(place_text(fault)) +
                 "\">\n      <error type=\"input\" message=\"" + escaped(fault_text(fault)) + "\">" +
                 escaped(to_string(fault.diagnostic)) + "</error>\n    </testcase>\n";
}

std::string counts(std::size_t tests, std::size_t failures, std::size_t errors) {
  return " tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failures) + "\" errors=\"" +
         std::to_string(errors) + "\"";
}

void render(const BudgetReport& report, const RenderOptions& options, Writer& out) {
  std::vector<Suite> suites;
  for (const JudgedBudget& judged : report.judged) {
    const Budget& budget = *judged.budget;
    if (suites.empty() || suites.back().name != budget.file) {
      suites.emplace_back();
      suites.back().name = budget.file;
    }
    for (const JudgedLimit& limit : judged.limits) {
      const std::string test = std::string(info(limit.limit->metric).name) + " " + limit_text(*limit.limit) + " " +
                               point_text(limit.context, limit.batch);
      std::string details = place_text(budget, limit.limit->place);
      const std::string remedies = remedy_text(limit);
      if (!remedies.empty() && !options.quiet) details += ": would pass with " + remedies;
      const std::string message = limit.verdict == Verdict::pass ? "" : breach_text(limit, options.units);
      add_case(suites.back(), budget.name, test, limit.verdict, info(limit.limit->metric).name, message, details);
    }
  }
  for (const BudgetFault& fault : report.faults) {
    auto suite = std::find_if(suites.begin(), suites.end(), [&](const Suite& one) { return one.name == fault.file; });
    if (suite == suites.end()) {
      suite = suites.insert(suites.end(), Suite{});
      suite->name = fault.file;
    }
    add_error(*suite, fault);
  }
  if (report.baseline) {
    suites.emplace_back();
    suites.back().name = "baseline " + report.baseline->source;
    for (const BudgetChange& change : report.baseline->changes) {
      if (change.allowed.empty()) continue;
      const Budget& budget = *change.budget->budget;
      const std::string_view metric = info(change.change.metric).name;
      const std::string test = std::string(metric) + " " + point_text(change.context, change.batch);
      add_case(suites.back(), budget.name, test, change.verdict, metric,
               change_text(change, options.units) + causes_text(change), place_text(budget, budget.place));
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
  out.text(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "
      "name=\"ctxcost check\"" +
      counts(tests, failures, errors) + ">\n");
  for (const Suite& suite : suites) {
    out.text("  <testsuite name=\"" + escaped(suite.name) + "\"" + counts(suite.tests, suite.failures, suite.errors) +
             " skipped=\"0\">\n");
    out.text(suite.cases);
    out.text("  </testsuite>\n");
  }
  out.text("</testsuites>\n");
}

}  // namespace

CTXCOST_BUDGET_FORMAT(kBudgetJunit) = {"junit", ".xml", "test results for CI servers", render};

}  // namespace ctxcost
