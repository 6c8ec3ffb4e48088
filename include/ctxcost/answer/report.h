// What a page shows of models side by side: every figure over contexts, batches, types and devices. The answer of
// `report`.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/answer/strategy.h"
#include "ctxcost/core/count.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// What is reported. Of engines there is one at most. Empty axes are those of `report_axes`.
struct ReportQuestion {
  DeploymentQuestion devices;
  std::vector<std::string> strategies = {};      ///< each is applied to every model, as `apply_strategy` takes it
  std::string strategies_source = "strategies";  ///< what errors call them
};

/// A value on each axis, by its index.
struct ReportChoice {
  std::size_t weights = 0;
  std::size_t kv = 0;
  std::size_t place = 0;
  std::size_t batch = 0;
  std::size_t context = 0;
};

/// The axes that all series share.
struct ReportAxes {
  std::vector<WeightScheme> weights;           ///< the default one: as each model is stored
  std::vector<std::optional<KvPrecision>> kv;  ///< empty: each model's own
  std::size_t places = 1;                      ///< devices, and splits over them; 1 without devices
  std::vector<Count> batches;
  std::vector<Count> contexts;

  /// Returns how many points a series has.
  std::size_t size() const { return weights.size() * kv.size() * places * batches.size() * contexts.size(); }
  /// Returns the place of a point in a series: the context varies fastest, the weights slowest.
  std::size_t index(const ReportChoice& at) const {
    const std::size_t of_place = (at.weights * kv.size() + at.kv) * places + at.place;
    return (of_place * batches.size() + at.batch) * contexts.size() + at.context;
  }
};

/// One point of a series. What it does not have has its reason among the series' refusals.
struct ReportPoint {
  std::optional<Estimate> values;
  std::optional<DeploymentEstimate> on_devices;
  std::optional<Count> memory;  ///< weights, live KV cache and state of the whole model
  std::string weights;          ///< the type, as it is counted
  std::string kv;
  std::string refusal;  ///< why a part is missing; empty where none is
};

/// Devices, and how a model is split over them.
struct ReportPlace {
  std::shared_ptr<const Deployment> deployment;  ///< the first one there
  std::optional<Count> capacity;                 ///< usable bytes of a device; empty without a GPU
  std::optional<Count> memory;                   ///< the same of all devices
};

/// A model, as it is or with a strategy.
struct ReportSeries {
  std::string name;  ///< the model's, with the strategy behind it
  StrategicModel strategy;
  std::vector<ReportPoint> points;  ///< as `ReportAxes::index`
  std::vector<std::string> notes;   ///< what its figures take for granted
};

struct ReportAnswer {
  ReportAxes axes;
  ReportChoice first;               ///< what is shown first: the longest context within every window
  std::vector<ReportPlace> places;  ///< none without devices
  std::vector<ReportSeries> series;
  Convention convention;
  Logits logits = Logits::last;
  std::string engine;
  std::vector<InputError> left_out;  ///< why models have no answer, in their order

  const ReportPoint& at(std::size_t of, const ReportChoice& choice) const {
    return series[of].points[axes.index(choice)];
  }
};

/// Counts every series at every point. A type that was not asked for, and that no model can be stored in, is no value
/// of its axis. Throws InputError where a strategy cannot be applied, and for more than `kMostAnswers` points.
///
/// Default axes: contexts from 1K to 1M by doubling and every model's window, batches from 1 to 64 by doubling, weights
/// as stored and the usual narrower ones, the model's own cache and one of 8 bits.
ReportAnswer report(const ReportQuestion& question);

}  // namespace ctxcost
