// The rows of a scaling table: a grid of models, types, engines, batches and contexts. Rows are evaluated as they are
// read.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/context_walk.h"
#include "ctxcost/estimate/device_share.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// The axes, slowest first. An empty axis stands for the model's own value.
struct Grid {
  std::vector<SharedModel> models;
  std::vector<WeightScheme> weights;
  std::vector<KvPrecision> kv;
  std::vector<EngineChoice> engines;  ///< empty: `ideal`
  LengthList batches;
  LengthList contexts;  ///< empty: `default_contexts()`
  ModelSplit split;     ///< empty: bytes are those of the whole model
};

/// One point of the grid, with its estimate.
struct GridPoint {
  const Estimator& estimator;          ///< names the model, the types and the engine
  const Estimate& values;              ///< every metric, including the growth ratios
  const Estimate& first;               ///< at the first context of the same model, types, engine and batch
  const DeviceShare* share = nullptr;  ///< what a device holds, where the model is split

  Count context() const { return std::get<Count>(values[Metric::context]); }
  Count batch() const { return std::get<Count>(values[Metric::batch]); }
};

/// Rows from index `begin` up to, not including, `end`.
struct RowRange {
  Count begin, end;
};

/// A grid that can be read any number of times. Only a small grid is held in memory; otherwise a row lives for one
/// visit.
class Report {
 public:
  /// `settings` gives convention and logits. Throws InputError if a point of the grid has no answer. It evaluates the
  /// smallest and the largest point of each series, so that no document is begun that cannot be finished.
  Report(Grid grid, const Workload& settings);

  const Grid& grid() const { return grid_; }
  const Convention& convention() const { return settings_.convention; }
  Logits logits() const { return settings_.logits; }
  /// Returns one estimator for each model, weight type, KV precision and engine, in the order of the rows.
  const std::vector<Estimator>& estimators() const { return estimators_; }
  LengthList batches(const Estimator& estimator) const {
    return grid_.batches.empty() ? LengthList(estimator.model().batch) : grid_.batches;
  }

  /// Returns whether every row is in memory, so that reading the rows again computes nothing.
  bool is_remembered() const { return !remembered_.empty(); }

  /// Returns the number of rows. Throws CountOverflow above 2^128.
  Count rows() const;
  /// Returns the first point of a series, from which growth is counted.
  Estimate first_of(const Estimator& estimator, Count batch, MetricSet wanted) const {
    return at(estimator, *grid_.contexts.begin(), batch, wanted);
  }
  /// Returns what a device holds of an estimator's model. Null if the grid is not split. The estimator is the report's.
  const DeviceShare* share(const Estimator& estimator) const {
    return shares_.empty() ? nullptr : shares_[static_cast<std::size_t>(&estimator - estimators_.data())].get();
  }

  /// Returns the metrics and those that the ratios of growth are made of.
  static MetricSet with_sources(MetricSet wanted);
  /// Sets the ratios of growth, as far as they are wanted.
  static void set_growth(Estimate& values, const Estimate& first, MetricSet wanted = MetricSet::all());

  /// Calls visit(row) for every point, the context fastest. Only the metrics of `wanted` are computed; others may be
  /// null.
  template <typename Visitor>
  void for_each_row(Visitor&& visit, MetricSet wanted = MetricSet::all()) const {
    if (is_remembered()) {
      const Estimate* known = remembered_.data();
      for_each_series([&](const Estimator& estimator, Count, const LengthList& contexts) {
        const Estimate& first = *known;
        for (auto point = contexts.begin(); point != contexts.end(); ++point) {
          visit(GridPoint{estimator, *known++, first, share(estimator)});
        }
      });
      return;
    }
    for_each_row({0, rows()}, wanted, visit);
  }
  /// The same for the rows from index `range.begin` up to, not including, `range.end`.
  template <typename Visitor>
  void for_each_row(RowRange range, MetricSet wanted, Visitor&& visit) const {
    for_each_series(
        [&](const Estimator& estimator, Count batch, const LengthList& contexts) {
          const DeviceShare* const of_device = share(estimator);
          const Estimate first = first_of(estimator, batch, with_sources(wanted));
          ContextWalk walk(estimator, batch, with_sources(wanted));
          const bool growth = wanted.has(Metric::growth_attention_flops) || wanted.has(Metric::growth_kv_cache);
          for (const LengthList::Range& contexts_in_steps : contexts.ranges()) {
            walk.start(contexts_in_steps);
            do {
              if (of_device != nullptr) {
                Estimate values = walk.values();
                of_device->set(values, with_sources(wanted));
                set_growth(values, first, wanted);
                visit(GridPoint{estimator, values, first, of_device});
                continue;
              }
              if (growth) set_growth(walk.values(), first, wanted);
              visit(GridPoint{estimator, walk.values(), first});
            } while (walk.next());
          }
        },
        range);
  }

  /// Calls visit(estimator, batch, contexts) for each series of rows, or for the parts of series in a range of rows.
  template <typename Visitor>
  void for_each_series(Visitor&& visit) const {
    for (const Estimator& estimator : estimators_) {
      for (const Count batch : batches(estimator)) visit(estimator, batch, grid_.contexts);
    }
  }
  template <typename Visitor>
  void for_each_series(Visitor&& visit, RowRange range) const {
    const Count length = grid_.contexts.size();
    Count start;  // of the estimator's first row
    for (const Estimator& estimator : estimators_) {
      const LengthList all = batches(estimator);
      const Count series = all.size();
      const Count end = min(range.end, start + series * length);
      if (const Count begin = max(range.begin, start); begin < end) {
        Count row = (begin - start) / length * length;  // of the series, from the estimator's first
        const Count last = ceil_div(end - start, length);
        for (const Count batch : all.part(row / length, last)) {
          visit(estimator, batch,
                grid_.contexts.part(minus_or_zero(begin - start, row), min(length, end - start - row)));
          row += length;
        }
      }
      start += series * length;
    }
  }

 private:
  /// Grids of up to this many rows are kept in memory, since documents read them several times.
  static constexpr std::size_t kRemembered = 16;

  bool is_small() const;
  Estimate at(const Estimator& estimator, Count context, Count batch, MetricSet wanted = MetricSet::all()) const;
  void remember(const Estimator& estimator, const LengthList& batches, const Estimate& least, const Estimate& most);

  Grid grid_;
  Workload settings_;
  std::vector<Estimator> estimators_;
  std::vector<std::shared_ptr<const DeviceShare>> shares_;  // of the estimators; none if the grid is not split
  std::vector<Estimate> remembered_;                        // every row, or no row
};

}  // namespace ctxcost
