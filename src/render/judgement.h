// Judgements for CI servers: JUnit, SARIF, annotations.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/verdict.h"
#include "ctxcost/input/budget.h"

namespace ctxcost {

/// One judgement. Test results list the passes as well; an `error` is an input that could not be judged.
struct Judgement {
  Verdict verdict = Verdict::pass;
  std::size_t suite = 0;          ///< which of the suites it is listed under
  std::string subject;            ///< what was judged: the budget's name
  std::string test;               ///< "kv_cache_bytes max 24GiB at 32K tokens, batch 8"
  std::string_view metric;        ///< "kv_cache_bytes"
  std::string rule;               ///< "kv_cache_bytes", "baseline/kv_cache_bytes"
  std::string rule_title;         ///< "kv_cache_bytes outside its budget"
  std::string_view rule_meaning;  ///< of the metric
  std::string message;            ///< what is wrong, without its place; empty for a pass
  std::string advice;             ///< "would pass with context 62500"; empty if there is none
  std::string diagnostic;         ///< for an error: the line as on standard error
  std::string file;
  TextPlace place;          ///< in the file; line 0 if unknown
  std::string fingerprint;  ///< stable between runs, even if lines move

  bool is_breach() const { return verdict == Verdict::warn || verdict == Verdict::fail; }
};

struct Judgements {
  std::vector<std::string> suites;  ///< a budget file, "baseline FILE"; in their order, empty ones among them
  std::vector<Judgement> items;     ///< in the order of the answer
};

/// "budgets.json:7:43"; without line and column if they are unknown.
std::string place_text(std::string_view file, const TextPlace& place);

}  // namespace ctxcost
