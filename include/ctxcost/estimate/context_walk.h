// A walk over the contexts of a range at one batch. Between the contexts where a term changes its form every sum is a
// polynomial of n. The walk then adds exact forward differences, which gives the integers of `Estimator::at` for a few
// additions each (Newton's form; proven against `at` in tests/unit/context_walk_test.cc).
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/estimate.h"

namespace ctxcost {

class ContextWalk {
 public:
  /// The estimator outlives the walk.
  ContextWalk(const Estimator& estimator, Count batch, MetricSet wanted, bool detailed = false);

  /// Goes to the first context of a range. Throws as `Estimator::at` does.
  void start(const LengthList::Range& range);
  /// Goes to the next context. Returns false at the end of the range.
  bool next();
  /// Returns the metrics at the current context. Those that `Estimator::at` leaves empty may be set by the caller.
  const Estimate& values() const { return values_; }
  Estimate& values() { return values_; }
  Count context() const { return context_; }
  /// Of a detailed walk: returns the counts (`counts_of`) of what `Estimator::details` says at the current context.
  const std::vector<Count*>& detail_counts() const { return detail_counts_; }
  /// Returns how often the figures were evaluated rather than stepped. The counts of details stay where they are in
  /// between.
  std::size_t pieces() const { return pieces_; }

 private:
  /// A polynomial of at most third degree at the current context and its forward differences. They are modulo 2^128:
  /// the values themselves fit.
  struct Sum {
    std::size_t metric;
    Uint128 value;
    std::array<Uint128, 3> differences;
  };
  /// A quotient by the number of layers: null where it is not whole.
  struct Quotient {
    Metric quotient, sum;
  };
  /// A count of the details.
  struct Detail {
    Count* count;
    Uint128 value;
    std::array<Uint128, 3> differences;
  };

  void evaluate();
  void begin_piece();
  bool add_differences(const std::array<Estimate, 4>& samples);
  bool add_heads(const std::array<Count, 4>& contexts);
  bool add_details(const std::array<Count, 4>& contexts);
  void step_sums();
  void step_heads();

  const Estimator* estimator_;
  Count batch_;
  MetricSet wanted_;
  Count layers_;
  LengthList::Range range_;
  Count context_;
  Estimate values_;
  bool detailed_;
  EstimateDetails details_;
  std::vector<Count*> detail_counts_;
  std::size_t pieces_ = 0;
  Count steps_left_;                    // in the current piece; 0 = evaluate
  std::vector<Sum> sums_;               // that change within the piece, by falling degree
  std::size_t cubic_ = 0;               // the first `cubic_` have a third difference,
  std::size_t quadratic_ = 0;           // the first `quadratic_` a second one
  std::vector<Sum> heads_;              // scores per head of unlike mixers
  std::vector<Detail> moving_details_;  // that change within the piece
  std::vector<Quotient> divided_;       // quotients that are divided at each context
};

}  // namespace ctxcost
