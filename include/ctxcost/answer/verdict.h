// The verdicts of a judgement.
#pragma once

#include <string_view>

namespace ctxcost {

/// From best to worst. `warn` is a breach that does not fail the run; `error` is no answer.
enum class Verdict { pass, warn, fail, error };

/// "pass", "warn", "fail", "error"
std::string_view name(Verdict verdict);

}  // namespace ctxcost
