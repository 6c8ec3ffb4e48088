// Long-context strategies and models side by side: the answer of `compare`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctxcost/answer/strategy.h"
#include "ctxcost/core/count.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// What is compared: every model as it is, then with every strategy.
struct StrategyQuestion {
  std::vector<SharedModel> models;
  std::vector<std::string> strategies = {};      ///< as `apply_strategy` takes them
  std::string strategies_source = "strategies";  ///< what errors call them
  LengthList contexts = {};                      ///< `default_compared_contexts` where empty
  std::optional<Count> batch = {};               ///< that of the first model's file where empty
  Workload workload = {};                        ///< its context and batch are not looked at
  EngineChoice engine = ideal_engine();
  std::optional<DeploymentSettings> devices = {};  ///< with a GPU, for time bounds
};

/// 8K, 128K and 1M.
LengthList default_compared_contexts();

/// The context from which on something holds, found by exact search up to `kLongestSearched`.
struct Crossover {
  enum class Kind { never, from, unknown };
  Kind kind = Kind::unknown;  ///< `unknown`: the model's file does not give what it depends on
  Count context = {};         ///< of `from`: the smallest; 1 = always
};
/// 2^40 tokens.
inline constexpr Count kLongestSearched = Count(std::uint64_t{1} << 40);

/// Where an alternative's costs cross. Each is searched from the longest context down, over powers of two and blocks
/// times powers of two, then by bisection: exact where the difference of two costs changes its sign once. Costs that
/// come in blocks, chunks or segments may cross back within one: sixteen of them behind the place are looked at, at
/// their borders and between, and the last context that fails is taken.
struct Crossovers {
  Crossover fewer_flops;           ///< attention FLOPs are below those of the first alternative
  Crossover fewer_forward_flops;   ///< so are the FLOPs of the whole forward pass
  Crossover fewer_bytes;           ///< KV cache and state are smaller than those of the first
  Crossover passes_feed_forward;   ///< attention takes more FLOPs than the feed-forward
  Crossover passes_linear;         ///< attention takes more FLOPs than all linear layers, projections included
  Crossover cache_passes_weights;  ///< KV cache and state are larger than the weights
};

/// How the multiply-adds of attention grow at lengths where only the largest power is left.
enum class GrowthOrder {
  quadratic,  ///< O(n^2): x4 a doubling
  bounded,    ///< O(n w): x2, every query sees a bounded number of keys
  sorted,     ///< O(n log n): as before, and the queries are sorted by bucket
  linear,     ///< O(n): x2, without score pairs
  between,    ///< any other power
  none,       ///< there is no such work, or it is unknown
};
/// "O(n²)", "O(n·w)", …; empty for none. `between` is O(n^p).
std::string order_text(GrowthOrder order, double ratio);

/// How far the last token of a context sees back through the layers of a model (`Mixer::reach`).
struct ModelReach {
  Reach layer;   ///< through one layer, the farthest
  Reach all;     ///< through all layers: each adds what it sees beyond the token itself
  Count layers;  ///< layers with a mixer, of the decoder where there is one
};
ModelReach reach_of(const Model& model, Count context);

/// An alternative at one context.
struct StrategyPoint {
  Count context;
  Estimate values;
  std::optional<double> growth;       ///< attention multiply-adds at twice the context over those here
  std::optional<Count> memory;        ///< KV cache and state in bytes; empty without a decode step
  std::optional<Count> score_memory;  ///< bytes of the score matrix of a layer, or of the fused kernel's workspace
  std::optional<Count> decode_cache_bytes;  ///< bytes of cache and state that a decode step moves; empty without one
  ModelReach reach;
  MetricValue prefill_seconds;  ///< bounds on the devices; nothing without
  MetricValue decode_seconds;
};

/// A model with a strategy, or as it is.
struct StrategyAlternative {
  std::string label;  ///< "as it is", the strategy as written; with several models, the model's name before it
  StrategicModel strategy;
  std::shared_ptr<const Estimator> estimator;
  GrowthOrder order = GrowthOrder::none;
  double order_ratio = 0;  ///< growth per doubling at lengths where only the largest power is left
  Crossovers crossovers;
  std::vector<StrategyPoint> points;  ///< one for each context
  std::vector<std::string> notes;     ///< of its numbers, those of the first alternative left out
};

struct StrategyComparison {
  Count batch;
  Workload workload;
  std::vector<Count> contexts;
  bool timed = false;
  std::vector<StrategyAlternative> alternatives;  ///< the first is what the others are held against
  std::vector<std::string> notes;                 ///< of all
};

/// The most contexts of one comparison.
inline constexpr std::size_t kMostComparedContexts = 1000;

/// Throws InputError where a strategy cannot be applied, there are too many contexts, a type cannot store a model, or a
/// count leaves 128 bits.
StrategyComparison compare_strategies(const StrategyQuestion& question);

}  // namespace ctxcost
