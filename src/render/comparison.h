// A comparison as table, Markdown, JSON, NDJSON and CSV.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/core/writer.h"
#include "ctxcost/render/render.h"
#include "input/json/config_changes.h"

namespace ctxcost {

/// A key that differs, and what it does alone.
struct ConfigKey {
  ConfigChange change;
  /// Metrics that change when this key alone is changed in OLD; empty where such a model is refused or was not tried.
  std::optional<std::vector<Metric>> effect;
};

/// A threshold, and the points at which it holds.
struct ThresholdResult {
  const Threshold* threshold;
  struct Breach {
    const PointComparison* point;
    MetricChange change;
  };
  std::vector<Breach> breaches;
};

/// What `diff` says.
struct ComparisonDocument {
  std::string_view before;  ///< OLD and NEW as given
  std::string_view after;
  const Comparison* comparison;
  std::vector<ConfigKey> keys;
  std::string keys_note;  ///< why keys were not compared; empty where they were
  std::vector<ThresholdResult> thresholds;
};

/// Writes the document as table, json, ndjson, csv or markdown.
void render_comparison(const ComparisonDocument& document, std::string_view format, const RenderOptions& options,
                       Writer& out);

}  // namespace ctxcost
