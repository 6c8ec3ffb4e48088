// Finds the largest or smallest setting that still fits, by an exact search over the true, stepwise function.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/deployment/deployment.h"

namespace ctxcost {

/// The largest number that fits, with the proof that the next one does not.
struct LargestFit {
  std::optional<Count> value;  ///< empty: even 1 does not fit, or nothing bounds it
  bool unbounded = false;      ///< it fits as far as counts of 128 bits reach
  /// What stops the next one, as `DeploymentEstimate::limit`; "engine" where the engine refuses it.
  std::string_view limit;
  std::string refusal;  ///< the engine's reason
};

/// The longest context for b sequences that the devices hold, whatever window the model has; a table of positions that
/// ends caps it. Throws InputError where nothing can be said even of one token: as `Deployment::holds`, or where the
/// engine refuses that. A point on the way that is refused or overflows ends the search.
LargestFit max_context_memory(const Deployment& deployment, Count batch);
/// The same within the window: `memory`, the answer without it, capped.
LargestFit within_window(const Deployment& deployment, LargestFit memory);
/// Does both searches.
LargestFit max_context(const Deployment& deployment, Count batch);
/// What bounds a longest context: "memory", "window" (a table of positions that ends, too), or empty: nothing, or the
/// engine itself.
std::string_view bound_of(const LargestFit& context);
/// Finds the most sequences of n tokens that fit; none where n is beyond the window.
LargestFit max_batch(const Deployment& deployment, Count context);
/// Finds the same without regard to the window.
LargestFit max_batch_memory(const Deployment& deployment, Count context);

/// The fewest GPUs that hold a question, over which the engine itself spreads a model (tp; pp where it splits layers).
/// That degree is free, the others stay as they are in the setup.
struct FewestGpus {
  std::optional<Count> gpus;  ///< empty: no degree fits
  Parallelism parallelism;    ///< that fits, or the largest one tried
  /// Smaller numbers of GPUs over which the model cannot be split at all.
  std::vector<Count> refused;
};
FewestGpus min_gpus(const Setup& setup, Count context, Count batch);
/// Returns the highest degree worth trying: one rank per layer or per query head, or 64 where the model has no heads.
Count most_ranks(const Setup& setup);

/// A type with the bytes that it takes. Lists hold the widest first.
template <typename Type>
struct PrecisionChoice {
  Type type;
  Count bytes;  ///< of the largest device: cache reserved, or weights
  bool fits;
};
/// Types that a cache may be kept in: the model's own, then every other that engines keep on the card.
std::vector<KvPrecision> cache_types(const Setup& setup);
/// Those that the engine stores, none wider than the model's own.
std::vector<PrecisionChoice<KvPrecision>> kv_precision_choices(const Setup& setup, Count context, Count batch);
/// The types of weights that people use most under an engine, widest first: 16, 8 and 4 bits.
std::span<const std::string_view> usual_weights(const Engine& engine);
/// Types that weights may be stored in: the model's own, then every other that the engine loads (file types of GGUF).
std::vector<WeightScheme> weight_types(const Setup& setup);
/// Those into which the model's shapes go, none wider than its own, each once.
std::vector<PrecisionChoice<WeightScheme>> weight_choices(const Setup& setup, Count context, Count batch);

}  // namespace ctxcost
