// Saved reports: the JSON documents of `scale`, `fit` and `check`, read back.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/signed_count.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// The recorded value of a metric: unknown, an exact integer, a ratio or time, or the name of a level.
using RecordedValue = std::variant<std::monostate, SignedCount, double, std::string>;

/// How the numbers of a record were counted, as the document states it.
struct RecordedConvention {
  std::string name;
  Count flops_per_mac = 1;
  std::string pairs;   ///< "reach", "exact"
  std::string logits;  ///< "last", "all"; empty if the document does not state it
  /// Compares the counting, not its name.
  bool counts_like(const RecordedConvention& other) const {
    return flops_per_mac == other.flops_per_mac && pairs == other.pairs && logits == other.logits;
  }
};

/// The metrics of one model at one point.
struct PointRecord {
  std::string model;
  /// Further labels of the series: {"weights", "bf16"}, {"engine", "vllm"}, in the order of the document.
  std::vector<std::pair<std::string, std::string>> labels;
  Count context;
  Count batch;
  std::vector<std::pair<Metric, RecordedValue>> values;  ///< in the order of the metrics
  RecordedConvention convention;

  /// Returns the value of a metric, or null if the record lacks the metric.
  const RecordedValue* find(Metric metric) const;
};

/// A saved report, or one that could be saved.
struct ReportRecord {
  std::string source;  ///< a file, or the model's name
  std::vector<PointRecord> points;
};

/// Reads a saved report from a file, or from standard input if `path` is "-". Keys that are neither a metric nor a
/// label are ignored. Throws InputError with every fault found.
ReportRecord load_saved_report(std::string_view path);

/// Reads a saved report from text in memory. `source` names it in errors and in the record.
ReportRecord parse_saved_report(std::string_view text, std::string_view source);

}  // namespace ctxcost
