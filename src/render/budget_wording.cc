#include "budget_wording.h"

#include <cmath>

#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/lengths.h"
#include "value_text.h"

namespace ctxcost {
namespace {

/// A value of a saved report as a metric's; it refers to the words of a level.
MetricValue metric_value(const RecordedValue& value) {
  if (const auto* count = std::get_if<SignedCount>(&value)) {
    return count->negative ? MetricValue(Negative{count->magnitude}) : MetricValue(count->magnitude);
  }
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* level = std::get_if<std::string>(&value)) return std::string_view(*level);
  return {};
}

}  // namespace

std::string point_text(Count context, Count batch) {
  return "at " + length_label(context) + " tokens, batch " + with_separators(batch);
}

std::string limit_text(const Limit& limit) {
  return std::string(limit.side == LimitSide::max ? "max " : "min ") + limit.text;
}

std::string breach_text(const JudgedLimit& limit, UnitSystem units) {
  std::string text(info(limit.limit->metric).name);
  text += limit.unbounded ? " is without bound" : " is " + value_text(limit.limit->metric, limit.actual, units);
  text += " " + point_text(limit.context, limit.batch) + ": " + limit_text(*limit.limit);
  if (limit.limit->gpu_share) text += " (" + value_text(limit.limit->metric, limit.bound, units) + ")";
  if (limit.unbounded) return text;
  if (std::holds_alternative<std::monostate>(limit.distance)) return text;
  text += ", " + value_text(limit.limit->metric, limit.distance, units);
  if (limit.distance_percent) {
    text += *limit.distance_percent < 0.1 ? " (<0.1%)" : format(" ({:.1f}%)", *limit.distance_percent);
  }
  return text + (limit.limit->side == LimitSide::max ? " over" : " short");
}

std::string advice_text(const JudgedLimit& limit, const RenderOptions& options) {
  std::string text;
  if (options.quiet) return text;
  for (const Remedy& remedy : limit.remedies) {
    text += (text.empty() ? "would pass with " : ", or ") + std::string(remedy.setting) + " " + remedy.value;
  }
  return text;
}

std::string fault_text(const BudgetFault& fault) {
  Diagnostic diagnostic = fault.diagnostic;
  if (diagnostic.source == fault.file_at_fault) diagnostic.source.clear();
  if (fault.place.line != 0 && fault.place.pointer.empty()) diagnostic.place.clear();
  return to_string(diagnostic);
}

std::string summary_text(const BudgetReport& report) {
  const BudgetCounts& counts = report.counts;
  std::string text =
      format("{} {}: {} passed", counts.budgets, counts.budgets == 1 ? "budget" : "budgets", counts.passed);
  if (counts.warned > 0) text += format(", {} warned", counts.warned);
  if (counts.warned_by_baseline > 0) text += format(", {} warned (baseline)", counts.warned_by_baseline);
  if (counts.failed > 0) text += format(", {} failed", counts.failed);
  if (counts.failed_by_baseline > 0) text += format(", {} failed (baseline)", counts.failed_by_baseline);
  if (counts.files_in_error > 0) {
    text += format("; {} {} in error", counts.files_in_error, counts.files_in_error == 1 ? "file" : "files");
  }
  return text;
}

std::string change_text(const BudgetChange& entry, UnitSystem units) {
  const MetricChange& change = entry.change;
  const auto text_of = [&](const RecordedValue& value) {
    return value_text(change.metric, metric_value(value), units);
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

std::string causes_text(const BudgetChange& change) {
  std::string text;
  for (const ChangeCause& cause : change.causes) text += "; because of " + cause_text(cause);
  return text;
}

std::string baseline_text(const BaselineComparison& baseline) {
  const auto number = [](std::size_t count, std::string_view one) {
    return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
  };
  std::string text = baseline.source + ": " + number(baseline.compared, "point") + " compared";
  if (!baseline.missing.empty()) text += ", " + std::to_string(baseline.missing.size()) + " not in it";
  text += ", " + number(baseline.changes.size(), "metric") + " changed";
  if (baseline.too_much > 0) text += format(", {} too much", baseline.too_much);
  return text;
}

}  // namespace ctxcost
