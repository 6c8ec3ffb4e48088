#include "ctxcost/estimate/report.h"

#include <utility>

namespace ctxcost {
namespace {

MetricValue ratio(const MetricValue& value, const MetricValue& base) {
  const Count* const numerator = std::get_if<Count>(&value);
  const Count* const denominator = std::get_if<Count>(&base);
  if (numerator == nullptr || denominator == nullptr || *denominator == 0) return {};
  return numerator->to_double() / denominator->to_double();
}

/// Returns the elements of an axis, or one empty element if the axis is empty.
template <typename T>
std::vector<std::optional<T>> choices(const std::vector<T>& axis) {
  if (axis.empty()) return {std::nullopt};
  return {axis.begin(), axis.end()};
}

}  // namespace

Report::Report(Grid grid, const Workload& settings) : grid_(std::move(grid)), settings_(settings) {
  if (grid_.contexts.empty()) grid_.contexts = default_contexts();
  if (grid_.engines.empty()) grid_.engines.push_back(ideal_engine());
  for (const SharedModel& model : grid_.models) {
    for (const std::optional<WeightScheme>& weights : choices(grid_.weights)) {
      for (const std::optional<KvPrecision>& kv : choices(grid_.kv)) {
        for (const EngineChoice& engine : grid_.engines) {
          Workload workload = settings_;
          if (weights) workload.weights = *weights;
          workload.kv = kv;
          estimators_.emplace_back(model, workload, engine);
        }
      }
    }
  }
  if (grid_.split) {
    shares_.reserve(estimators_.size());
    for (const Estimator& estimator : estimators_) shares_.push_back(grid_.split(estimator));
  }
  // No metric falls as context or batch grows, so the largest point overflows first.
  const bool small = is_small();
  if (small) remembered_.reserve(static_cast<std::size_t>(rows().u64()));
  for (const Estimator& estimator : estimators_) {
    const LengthList batch = batches(estimator);
    const Count smallest = grid_.contexts.smallest(), largest = grid_.contexts.largest();
    const bool one_point = smallest == largest && batch.smallest() == batch.largest();
    const Estimate least = at(estimator, smallest, batch.smallest());
    const Estimate most = one_point ? least : at(estimator, largest, batch.largest());
    if (small) remember(estimator, batch, least, most);
  }
}

Estimate Report::at(const Estimator& estimator, Count context, Count batch, MetricSet wanted) const {
  Estimate values = estimator.at(context, batch, wanted);
  if (const DeviceShare* const of_device = share(estimator)) of_device->set(values, wanted);
  return values;
}

bool Report::is_small() const {
  // Points are counted no further than that: a range may have any number.
  const auto few = [](const LengthList& list) {
    std::size_t points = 0;
    for (auto at = list.begin(); at != list.end() && points <= kRemembered; ++at) ++points;
    return points;
  };
  const std::size_t series = grid_.batches.empty() ? 1 : few(grid_.batches);
  return estimators_.size() <= kRemembered && estimators_.size() * series * few(grid_.contexts) <= kRemembered;
}

Count Report::rows() const {
  Count rows;
  const Count series = grid_.batches.empty() ? Count{1} : grid_.batches.size();
  for (std::size_t i = 0; i < estimators_.size(); ++i) rows += series * grid_.contexts.size();
  return rows;
}

MetricSet Report::with_sources(MetricSet wanted) {
  if (wanted.has(Metric::growth_attention_flops)) wanted.add(Metric::attention_flops);
  if (wanted.has(Metric::growth_kv_cache)) wanted.add(Metric::kv_cache_bytes);
  return wanted;
}

void Report::remember(const Estimator& estimator, const LengthList& batches, const Estimate& least,
                      const Estimate& most) {
  const auto is = [](const Estimate& known, Count context, Count batch) {
    return known[Metric::context] == MetricValue(context) && known[Metric::batch] == MetricValue(batch);
  };
  for (const Count batch : batches) {
    std::size_t first = remembered_.size();
    for (const Count context : grid_.contexts) {
      remembered_.push_back(is(least, context, batch)  ? least
                            : is(most, context, batch) ? most
                                                       : at(estimator, context, batch));
      set_growth(remembered_.back(), remembered_[first]);
    }
  }
}

void Report::set_growth(Estimate& values, const Estimate& first, MetricSet wanted) {
  if (wanted.has(Metric::growth_attention_flops)) {
    values[Metric::growth_attention_flops] = ratio(values[Metric::attention_flops], first[Metric::attention_flops]);
  }
  if (wanted.has(Metric::growth_kv_cache)) {
    values[Metric::growth_kv_cache] = ratio(values[Metric::kv_cache_bytes], first[Metric::kv_cache_bytes]);
  }
}

}  // namespace ctxcost
