#include "budget_wording.h"

#include "core/format.h"

#include <algorithm>
#include <map>
#include <set>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"

namespace ctxcost {
namespace {

std::string unit_text(Unit unit, Count value, UnitSystem units) {
  switch (unit) {
    case Unit::pairs:
    case Unit::parameters: return short_count(value);
    case Unit::macs: return short_work(value, "MACs");
    case Unit::flops: return short_work(value, "FLOPs");
    case Unit::bytes: return short_bytes(value, units);
    case Unit::seconds: return short_seconds(value.to_double());
    default: return with_separators(value);
  }
}

std::string unit_text(Unit unit, double value) {
  switch (unit) {
    case Unit::seconds: return short_seconds(value);
    case Unit::ratio: return format("{:.4g}x", value);
    default: return format("{:.6g}", value);
  }
}

double real_of(const MetricValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* count = std::get_if<Count>(&value)) return count->to_double();
  return 0;
}

/// By how much a breached limit is missed: "8.6 GB"; empty where that is no number.
std::string distance_text(const JudgedLimit& limit, UnitSystem units) {
  const Unit unit = info(limit.limit->metric).unit;
  const auto* const bound = std::get_if<Count>(&limit.bound);
  if (const auto* missing = std::get_if<Negative>(&limit.actual); missing != nullptr && bound != nullptr) {
    return unit_text(unit, *bound + missing->magnitude, units);
  }
  const auto* const actual = std::get_if<Count>(&limit.actual);
  if (actual != nullptr && bound != nullptr) {
    return unit_text(unit, *actual > *bound ? *actual - *bound : *bound - *actual, units);
  }
  if (std::holds_alternative<std::string_view>(limit.bound)) return {};
  return unit_text(unit, std::abs(real_of(limit.actual) - real_of(limit.bound)));
}

/// The same in percent of the limit.
std::string percent_text(const JudgedLimit& limit) {
  const double bound = real_of(limit.bound);
  if (bound == 0 || std::holds_alternative<Negative>(limit.actual)) return {};
  const double percent = std::abs(real_of(limit.actual) - bound) / bound * 100;
  return percent < 0.1 ? " (<0.1%)" : format(" ({:.1f}%)", percent);
}

/// Levels have no place here.
MetricValue metric_value(const RecordedValue& value) {
  if (const auto* count = std::get_if<SignedCount>(&value)) {
    return count->negative ? MetricValue(Negative{count->magnitude}) : MetricValue(count->magnitude);
  }
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return {};
}

/// "4K", "4K, 16K", or "4K to 128K (6)".
std::string list_text(const LengthList& list) {
  constexpr std::uint64_t kShown = 3;
  if (list.size() > kShown) {
    return length_label(list.smallest()) + " to " + length_label(list.largest()) + " (" + to_string(list.size()) + ")";
  }
  std::string text;
  for (const Count value : list) text += (text.empty() ? "" : ", ") + length_label(value);
  return text;
}

}  // namespace

std::string value_text(Metric metric, const MetricValue& value, UnitSystem units) {
  const Unit unit = info(metric).unit;
  if (const auto* count = std::get_if<Count>(&value)) return unit_text(unit, *count, units);
  if (const auto* real = std::get_if<double>(&value)) return unit_text(unit, *real);
  if (const auto* level = std::get_if<std::string_view>(&value)) return std::string(*level);
  if (const auto* negative = std::get_if<Negative>(&value)) return "-" + unit_text(unit, negative->magnitude, units);
  return "–";
}

std::string point_text(Count context, Count batch) {
  return "at " + length_label(context) + " tokens, batch " + with_separators(batch);
}

std::string limit_text(const Limit& limit) {
  return std::string(limit.side == Side::max ? "max " : "min ") + limit.text;
}

std::string breach_text(const JudgedLimit& limit, UnitSystem units) {
  std::string text(info(limit.limit->metric).name);
  text += limit.unbounded ? " is without bound" : " is " + value_text(limit.limit->metric, limit.actual, units);
  text += " " + point_text(limit.context, limit.batch) + ": " + limit_text(*limit.limit);
  if (limit.limit->gpu_share) text += " (" + value_text(limit.limit->metric, limit.bound, units) + ")";
  if (limit.unbounded) return text;
  const std::string distance = distance_text(limit, units);
  if (distance.empty()) return text;
  return text + ", " + distance + percent_text(limit) + (limit.limit->side == Side::max ? " over" : " short");
}

std::string remedy_text(const JudgedLimit& limit) {
  std::string text;
  for (const Remedy& remedy : limit.remedies) {
    text += (text.empty() ? "" : ", or ") + std::string(remedy.setting) + " " + remedy.value;
  }
  return text;
}

std::string place_text(const Budget& budget, const TextPlace& place) {
  return budget.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string verdict_text(const JudgedBudget& judged) {
  Verdict limits = Verdict::pass;
  for (const JudgedLimit& limit : judged.limits) limits = std::max(limits, limit.verdict);
  return std::string(name(judged.verdict)) + (judged.verdict > limits ? " (baseline)" : "");
}

const std::string& file_of(const BudgetFault& fault) {
  // An option of the command line that contradicts the file.
  return fault.diagnostic.source.starts_with("--") ? fault.file : fault.diagnostic.source;
}

std::string place_text(const BudgetFault& fault) {
  const std::string& source = file_of(fault);
  if (fault.place.line == 0) return source;
  return source + ":" + std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column);
}

std::string fault_text(const BudgetFault& fault) {
  Diagnostic diagnostic = fault.diagnostic;
  if (diagnostic.source == file_of(fault)) diagnostic.source.clear();
  if (fault.place.line != 0 && fault.place.pointer.empty()) diagnostic.place.clear();
  return to_string(diagnostic);
}

std::string summary_text(const BudgetReport& report) {
  std::size_t passed = 0;
  std::map<std::string, std::size_t> counts[2];  // of warnings and failures, by their texts
  for (const JudgedBudget& budget : report.judged) {
    if (budget.verdict == Verdict::pass) {
      ++passed;
    } else {
      ++counts[budget.verdict == Verdict::warn ? 0 : 1][verdict_text(budget)];
    }
  }
  const std::size_t all = report.judged.size();
  std::string text = std::to_string(all) + (all == 1 ? " budget: " : " budgets: ") + std::to_string(passed) + " passed";
  for (std::size_t i = 0; i < 2; ++i) {
    for (const auto& [verdict, count] : counts[i]) {
      text += ", " + std::to_string(count) + (i == 0 ? " warned" : " failed");
      if (verdict.ends_with(')')) text += " (baseline)";
    }
  }
  std::set<std::string_view> files;
  for (const BudgetFault& fault : report.faults) files.insert(fault.file);
  if (!files.empty())
    text += "; " + std::to_string(files.size()) + (files.size() == 1 ? " file" : " files") + " in error";
  return text;
}

std::vector<Breach> breaches(const BudgetReport& report) {
  std::vector<Breach> found;
  for (const JudgedBudget& budget : report.judged) {
    for (const JudgedLimit& limit : budget.limits) {
      if (limit.verdict != Verdict::pass) found.push_back({budget, limit});
    }
  }
  return found;
}

std::string change_text(const BudgetChange& entry, UnitSystem units) {
  const MetricChange& change = entry.change;
  const auto text_of = [&](const RecordedValue& value) {
    const auto* const level = std::get_if<std::string>(&value);
    return level != nullptr ? *level : value_text(change.metric, metric_value(value), units);
  };
  std::string text(info(change.metric).name);
  bool falls = false;
  MetricValue by;
  if (const auto* count = std::get_if<SignedCount>(&change.change)) {
    falls = count->negative;
    by = count->magnitude;
  } else if (const auto* real = std::get_if<double>(&change.change)) {
    falls = *real < 0;
    by = std::abs(*real);
  }
  const bool sized = !std::holds_alternative<std::monostate>(by);
  text += sized ? falls ? " fell from " : " grew from " : " went from ";
  text += text_of(change.before) + " to " + text_of(change.after) + " " + point_text(entry.context, entry.batch);
  if (sized) text += ": " + std::string(falls ? "-" : "+") + value_text(change.metric, by, units);
  if (change.percent) text += " (" + to_string(*change.percent) + ")";
  if (entry.verdict != Verdict::pass)
    text += info(change.metric).unit == Unit::level ? ", worse" : ", allowed " + entry.allowed;
  return text;
}

std::string cause_text(const ChangeCause& cause) { return cause.key + ": " + cause.before + " → " + cause.after; }

std::vector<const BudgetChange*> excesses(const BudgetReport& report) {
  std::vector<const BudgetChange*> found;
  if (!report.baseline) return found;
  for (const BudgetChange& change : report.baseline->changes) {
    if (change.verdict != Verdict::pass) found.push_back(&change);
  }
  return found;
}

std::string baseline_text(const BaselineComparison& baseline) {
  const auto excess = std::count_if(baseline.changes.begin(), baseline.changes.end(),
                                    [](const BudgetChange& change) { return change.verdict != Verdict::pass; });
  const auto number = [](std::size_t count, std::string_view one) {
    return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
  };
  std::string text = baseline.source + ": " + number(baseline.compared, "point") + " compared";
  if (!baseline.missing.empty()) text += ", " + std::to_string(baseline.missing.size()) + " not in it";
  text += ", " + number(baseline.changes.size(), "metric") + " changed";
  if (excess > 0) text += ", " + std::to_string(excess) + " too much";
  return text;
}

Accent accent_of(std::string_view verdict) {
  if (verdict.starts_with(name(Verdict::fail))) return Accent::bad;
  return verdict.starts_with(name(Verdict::warn)) ? Accent::warning : Accent::good;
}

BudgetOverview overview(const BudgetReport& report) {
  BudgetOverview table;
  table.columns = {{"Verdict", false}, {"Budget", false}, {"Model", false},
                   {"Context", true},  {"Batch", true},   {"Limits met", true}};
  for (const JudgedBudget& judged : report.judged) {
    const auto met = std::count_if(judged.limits.begin(), judged.limits.end(),
                                   [](const JudgedLimit& limit) { return limit.verdict == Verdict::pass; });
    const Budget& budget = *judged.budget;
    table.rows.push_back({verdict_text(judged), budget.name, budget.model_name, list_text(budget.contexts),
                          list_text(budget.batches),
                          std::to_string(met) + " of " + std::to_string(judged.limits.size())});
  }
  return table;
}

}  // namespace ctxcost
