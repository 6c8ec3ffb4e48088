// The largest or smallest setting that still fits: exact search over the true, stepwise function.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/deployment.h"

namespace ctxcost {

/// The largest number that fits, proven: one more does not.
struct Most {
  std::optional<Count> value;  ///< empty: even 1 does not fit, or nothing bounds it
  bool unbounded = false;
  /// What stops the next one, as `DeploymentEstimate::limit`.
  std::string_view limit;
};

/// The longest context for b sequences; a hard limit of positions caps it. Throws InputError as `Deployment::fits`.
Most max_context(const Deployment& deployment, Count batch);
/// The most sequences of n tokens.
Most max_batch(const Deployment& deployment, Count context);

/// The fewest devices: the tensor-parallel degree of the setup is free, its other degrees stay.
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
/// Types of the cache that the engine stores, none wider than the model's own.
std::vector<Choice<KvPrecision>> kv_precision_choices(const Setup& setup, Count context, Count batch);
/// Types of the weights, none wider than those in force; file types of GGUF under llama.cpp.
std::vector<Choice<WeightScheme>> weight_choices(const Setup& setup, Count context, Count batch);

}  // namespace ctxcost
