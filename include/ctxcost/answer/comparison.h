// Two sets of results side by side: what changed, exactly and in percent, and whether that is too much.
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

/// A share in tenths of a percent, rounded half away from zero.
struct Percent {
  bool negative = false;
  Count tenths;
  friend bool operator==(const Percent&, const Percent&) = default;
};
/// "+12.5%", "-3.0%"
std::string to_string(const Percent& percent);

/// One metric that is not the same on both sides.
struct MetricChange {
  Metric metric;
  RecordedValue before;
  RecordedValue after;
  RecordedValue change;            ///< after - before; empty where either is unknown or a level
  std::optional<Percent> percent;  ///< of |before|; empty where there is none
  std::optional<bool> worse;       ///< costs more; empty where neither direction does
};

/// Two points that answer the same question.
struct PointComparison {
  const PointRecord* before;
  const PointRecord* after;
  std::vector<MetricChange> changes;
};

struct Comparison {
  std::vector<PointComparison> points;
  std::vector<const PointRecord*> only_before;
  std::vector<const PointRecord*> only_after;
  std::vector<Metric> compared;  ///< the metrics that were looked at
};

/// Joins points of the same context and batch: those of series with the same names first, then, where as many series
/// are left on either side, those in the same place. `metrics`: what to look at; where empty, all but those of which
/// neither direction costs more (growth ratios). The records must outlive the result. Throws InputError where points
/// were counted by different conventions, or no point is in both.
Comparison compare(const ReportRecord& before, const ReportRecord& after, std::span<const Metric> metrics = {});

/// The exact change of one metric. Throws CountOverflow.
MetricChange change_of(Metric metric, const RecordedValue& before, const RecordedValue& after);

/// When a change is too much: `kv_cache_bytes > +5%`, `weights_bytes >= +1GiB`, `decode_tokens_per_second < -3%`.
/// Without a sign a percentage is of the direction that costs more; a metric alone is any change that does.
struct Threshold {
  enum class Operator { greater, at_least, less, at_most };
  enum class Amount { any, percent, absolute };

  std::string text;    ///< as written
  std::string source;  ///< where that stands, for errors
  Metric metric;
  Operator comparison = Operator::greater;
  Amount amount = Amount::any;
  bool of_worsening = false;  ///< no sign was given
  bool negative = false;
  Count digits;  ///< of a percentage: digits / 10^decimals; of an absolute amount: the integer itself
  std::uint32_t decimals = 0;
  double real = 0;  ///< of an absolute amount of a metric that is no integer
};

/// Throws InputError naming `source`.
Threshold parse_threshold(std::string_view text, std::string_view source);

/// Whether the change from `before` to `after` is one that the threshold names; empty where either value is unknown.
std::optional<bool> holds(const Threshold& threshold, const RecordedValue& before, const RecordedValue& after);

}  // namespace ctxcost
