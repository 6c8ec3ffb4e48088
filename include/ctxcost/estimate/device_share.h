// What one of several devices holds of a model, in place of the whole model's bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// The metrics that are counted for a device where a model is split. All others stay those of the whole model.
inline constexpr Metric kDividedMetrics[] = {Metric::kv_cache_bytes, Metric::state_bytes, Metric::kv_reserved_bytes,
                                             Metric::weights_bytes};

/// The fullest of several devices, at any point.
class DeviceShare {
 public:
  virtual ~DeviceShare() = default;
  /// "tp=8"
  virtual std::string split() const = 0;
  virtual Count devices() const = 0;
  /// Sets those of `kDividedMetrics` that are wanted. Context and batch are set already. Throws as `Estimator::at`.
  virtual void set(Estimate& values, MetricSet wanted) const = 0;
  /// Sets the parts of cache, state and reserve, and adds notes on the split. Layer groups stay those of the model.
  virtual void set(EstimateDetails& details, Count context, Count batch) const = 0;
};

/// Splits an estimator's model, under its settings and engine. Throws InputError if it cannot be split so.
using ModelSplit = std::function<std::shared_ptr<const DeviceShare>(const Estimator& estimator)>;

}  // namespace ctxcost
