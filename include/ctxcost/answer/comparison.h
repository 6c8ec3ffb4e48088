// Compares two sets of results: what changed, exactly and in percent, and whether a threshold is crossed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/signed_count.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/input/saved_report.h"

namespace ctxcost {

/// Throws CountOverflow.
SignedCount difference(const SignedCount& after, const SignedCount& before);

/// Every point of a report.
ReportRecord record(const Report& report, std::string_view source);

/// A percentage in tenths of a percent, rounded half away from zero.
struct Percent {
  bool negative = false;
  Count tenths;
  friend bool operator==(const Percent&, const Percent&) = default;
};
/// "+12.5%", "-3.0%"
std::string to_string(const Percent& percent);

/// One metric that differs between the two sides.
struct MetricChange {
  Metric metric;
  RecordedValue before;
  RecordedValue after;
  RecordedValue change;            ///< after - before; empty if either is unknown or a level
  std::optional<Percent> percent;  ///< of |before|; empty if it has no value
  std::optional<bool> worse;       ///< true if it costs more; empty if neither direction does
};

/// Two points of the same context, batch and series.
struct PointComparison {
  const PointRecord* before;
  const PointRecord* after;
  std::vector<MetricChange> changes;
};

struct Comparison {
  std::vector<PointComparison> points;
  std::vector<const PointRecord*> only_before;
  std::vector<const PointRecord*> only_after;
  std::vector<Metric> compared;  ///< the metrics that were compared
};

/// Returns whether `compare` looks at a metric where these are asked for: at every cost where none is.
bool is_compared(std::span<const Metric> metrics, Metric metric);

/// Joins points of the same context and batch. Series with the same names are joined first; then, if equally many
/// series are left on both sides, series at the same position. `metrics` are those to compare; if empty, all except
/// those that cost more in neither direction (growth ratios). The records must outlive the result. Throws InputError if
/// points were counted by different conventions, or if no point is in both.
Comparison compare(const ReportRecord& before, const ReportRecord& after, std::span<const Metric> metrics = {});

/// Computes the exact change of one metric. Throws CountOverflow.
MetricChange change_of(Metric metric, const RecordedValue& before, const RecordedValue& after);

/// A threshold on a change: `kv_cache_bytes > +5%`, `weights_bytes >= +1GiB`, `decode_tokens_per_second < -3%`. A
/// percentage without a sign is in the direction that costs more. A metric alone stands for any change that costs more.
struct Threshold {
  enum class Operator { greater, at_least, less, at_most };
  enum class Amount { any, percent, absolute };

  std::string text;    ///< as written
  std::string source;  ///< the option or file it comes from, for errors
  Metric metric;
  Operator comparison = Operator::greater;
  Amount amount = Amount::any;
  bool of_worsening = false;  ///< no sign was given
  bool negative = false;
  Count digits;  ///< of a percentage: digits / 10^decimals; of an absolute amount: the integer itself
  std::uint32_t decimals = 0;
  double real = 0;  ///< an absolute amount of a metric that is not an integer
};

/// Throws InputError naming `source`.
Threshold parse_threshold(std::string_view text, std::string_view source);

/// Returns whether the change from `before` to `after` crosses the threshold; empty if either value is unknown.
std::optional<bool> holds(const Threshold& threshold, const RecordedValue& before, const RecordedValue& after);

}  // namespace ctxcost
