// Texts about judged budgets, for pages and judgements.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/answer/judge.h"
#include "ctxcost/core/units.h"
#include "ctxcost/render/render.h"

namespace ctxcost {

/// "at 32K tokens, batch 8"
std::string point_text(Count context, Count batch);

/// "max 24GiB"
std::string limit_text(const Limit& limit);

/// "kv_cache_bytes is 34.4 GB at 32K tokens, batch 8: max 24GiB, 8.6 GB (33.4%) over"
std::string breach_text(const JudgedLimit& limit, UnitSystem units);

/// "would pass with context 62500, or kv_precision fp8"; empty where no such setting is known, or nobody asks for it.
std::string advice_text(const JudgedLimit& limit, const RenderOptions& options);

/// Returns the message of a breach, without its place.
std::string fault_text(const BudgetFault& fault);

/// "3 budgets: 1 passed, 1 warned, 1 failed; 1 file in error"; "1 failed (baseline)" where the limits hold.
std::string summary_text(const BudgetReport& report);

/// "kv_cache_bytes grew from 17.2 GB to 34.4 GB at 32K tokens, batch 8: 17.2 GB (+100.0%), allowed 5%"
std::string change_text(const BudgetChange& change, UnitSystem units);

/// "/num_key_value_heads: 2 → 4"
std::string cause_text(const ChangeCause& cause);

/// "; because of /num_key_value_heads: 2 → 4; because of …"; empty where no cause is known.
std::string causes_text(const BudgetChange& change);

/// "report.json: 3 points compared, 1 not in it, 2 metrics changed, 1 too much"
std::string baseline_text(const BaselineComparison& baseline);

}  // namespace ctxcost
