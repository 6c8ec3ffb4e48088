// The rows of a scaling table: a grid of models, types, engines, batches and contexts. Rows are evaluated as they are
// read.
#pragma once

#include <optional>
#include <vector>

#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/engine/engine.h"
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
};

/// One point of the grid, with its estimate.
struct GridPoint {
  const Estimator& estimator;  ///< names the model, the types and the engine
  const Estimate& values;      ///< every metric, including the growth ratios
  const Estimate& first;       ///< at the first context of the same model, types, engine and batch

  Count context() const { return std::get<Count>(values[Metric::context]); }
  Count batch() const { return std::get<Count>(values[Metric::batch]); }
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

  /// Calls visit(row) for every point, the context fastest.
  template <typename Visitor>
  void for_each_row(Visitor&& visit) const {
    const Estimate* known = remembered_.empty() ? nullptr : remembered_.data();
    for (const Estimator& estimator : estimators_) {
      for (const Count batch : batches(estimator)) {
        if (known != nullptr) {
          const Estimate& first = *known;
          for (auto point = grid_.contexts.begin(); point != grid_.contexts.end(); ++point) {
            visit(GridPoint{estimator, *known++, first});
          }
          continue;
        }
        std::optional<Estimate> first;
        for (const Count context : grid_.contexts) {
          Estimate values = estimator.at(context, batch);
          if (!first) first = values;
          set_growth(values, *first);
          visit(GridPoint{estimator, values, *first});
        }
      }
    }
  }

 private:
  /// Grids of up to this many rows are kept in memory, since documents read them several times.
  static constexpr std::size_t kRemembered = 16;

  static void set_growth(Estimate& values, const Estimate& first);
  bool is_small() const;
  void remember(const Estimator& estimator, const Estimate& least, const Estimate& most);

  Grid grid_;
  Workload settings_;
  std::vector<Estimator> estimators_;
  std::vector<Estimate> remembered_;  // every row, or no row
};

}  // namespace ctxcost
