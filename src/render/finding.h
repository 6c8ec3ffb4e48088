// What was judged, one by one, as CI servers show it: JUnit, SARIF, annotations.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ctxcost/answer/judge.h"

namespace ctxcost {

/// One judgement. A pass stands in test results alone; an `error` is an input that could not be judged.
struct Finding {
  Verdict verdict = Verdict::pass;
  std::string suite;         ///< what it is listed under: the budget file, or "baseline FILE"
  std::string subject;       ///< the budget's name
  std::string test;          ///< "kv_cache_bytes max 24GiB at 32K tokens, batch 8"
  std::string rule;          ///< "kv_cache_bytes", "baseline/kv_cache_bytes"
  std::string rule_title;    ///< "kv_cache_bytes outside its budget"
  std::string rule_meaning;  ///< of the metric
  std::string metric;        ///< "kv_cache_bytes"
  std::string message;       ///< what is wrong, without its place; empty of a pass
  std::string advice;        ///< "would pass with context 62500"; empty where there is none
  std::string diagnostic;    ///< of an error: the line as on standard error
  std::string file;          ///< where it stands
  std::size_t line = 0;      ///< from 1; 0 = not known
  std::size_t column = 0;
  bool in_tests = true;     ///< a case of test results, not a remark alone
  std::string fingerprint;  ///< the same in the next run, even where lines moved
};

struct Findings {
  std::vector<std::string> suites;  ///< in their order, those without a finding among them
  std::vector<Finding> items;       ///< in the order of the answer
};

}  // namespace ctxcost
