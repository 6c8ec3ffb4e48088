// The largest or smallest setting that still fits: exact search over the true, stepwise function.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/deployment/deployment.h"

namespace ctxcost {

/// The largest number that fits, proven: one more does not.
struct Most {
  std::optional<Count> value;  ///< empty: even 1 does not fit, or nothing bounds it
  bool unbounded = false;      ///< it fits as far as counts of 128 bits reach
  /// What stops the next one, as `DeploymentEstimate::limit`; "engine" where the engine refuses it.
  std::string_view limit;
  std::string refusal;  ///< the engine's reason
};

/// The longest context for b sequences that the devices hold, whatever window the model has; a table of positions that
/// ends caps it. Throws InputError where nothing can be said even of one token: as `Deployment::holds`, or where the
/// engine refuses that. A point on the way that is refused or overflows ends the search.
Most max_context_memory(const Deployment& deployment, Count batch);
/// The same within the window: `memory`, the answer without it, capped.
Most within_window(const Deployment& deployment, Most memory);
/// Both steps.
Most max_context(const Deployment& deployment, Count batch);
/// What bounds a longest context: "memory", "window" (a table of positions that ends, too), or empty: nothing, or the
/// engine itself.
std::string_view bound_of(const Most& context);
/// The most sequences of n tokens; none where n is beyond the window.
Most max_batch(const Deployment& deployment, Count context);
/// The same whatever the window.
Most max_batch_memory(const Deployment& deployment, Count context);

/// The fewest devices: the degree by which the engine spreads a model (tp; pp where it splits layers)
/// is free, the others stay.
struct Fewest {
  std::optional<Count> devices;  ///< empty: no degree fits
  Parallelism parallelism;       ///< that fits, or the largest one tried
  /// Degrees with fewer devices: each does not fit, or is impossible.
  std::vector<Count> refused;  ///< device counts on which the split is impossible
};
Fewest min_gpus(const Setup& setup, Count context, Count batch);

/// A precision with what it takes, widest first.
template <typename Type>
struct Choice {
  Type type;
  Count bytes;  ///< of the largest device: cache reserved, or weights
  bool fits;
};
/// Types of the cache that the engine stores and that engines keep on the card, none wider than the model's own.
std::vector<Choice<KvPrecision>> kv_precision_choices(const Setup& setup, Count context, Count batch);
/// The types of weights that people use most under an engine, widest first: 16, 8 and 4 bits.
std::span<const std::string_view> usual_weights(const Engine& engine);
/// Types of the weights, none wider than those in force; file types of GGUF under engines that load it.
std::vector<Choice<WeightScheme>> weight_choices(const Setup& setup, Count context, Count batch);

}  // namespace ctxcost
