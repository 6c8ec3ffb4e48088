// The question of `fit` and `solve`: every combination of models, types, engines and placements.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/images.h"
#include "ctxcost/deployment/kv_host.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// A GPU, the number of devices, and how a model is split over them.
struct Placement {
  std::optional<Accelerator> gpu;    ///< empty: the bytes for the cache are given instead
  Count gpus = 1;                    ///< number of devices, split as the engine does; ignored if `split` is set
  std::optional<Parallelism> split;  ///< the degrees, if they were given
  /// Cards that are not all of one kind and one utilization, as many as devices; `gpu` is then empty.
  std::optional<Machine> machine = {};
  DeviceRates rates = {};  ///< of a device
};

/// Alternatives on each axis. An empty axis stands for the default of the model or of the ideal engine.
struct DeploymentQuestion {
  std::vector<SharedModel> models;
  std::vector<WeightScheme> weights;       ///< empty: as each model is stored
  std::vector<KvPrecision> kv_precisions;  ///< empty: each model's own
  std::vector<EngineChoice> engines;       ///< empty: the ideal engine
  std::vector<Placement> placements;       ///< empty: no GPU; `settings.kv_memory` must be given
  LengthList contexts;                     ///< empty: each model's trained context
  LengthList batches;                      ///< empty: each model's own
  Convention convention = causal_convention();
  Logits logits = Logits::last;
  SharedModel draft;                    ///< a model that drafts tokens for each of the models; none if empty
  std::optional<ImageSettings> images;  ///< of each sequence: they add to the contexts that are given
  std::optional<KvHostStore> kv_host;   ///< what `fit` says of a store on the host; nothing if empty
  /// Settings of every alternative; the placement replaces their GPU, parallelism and rates.
  DeploymentSettings settings;
};

/// One alternative, without its context and batch.
struct DeploymentCase {
  Setup setup;
  bool split_asked = false;  ///< the degrees were given, rather than a number of devices
};

/// The most points (cases x contexts x batches) of one question: each takes searches, and all answers are held.
inline constexpr std::uint64_t kMostAnswers = 10'000;
/// Returns how many contexts and batches the question has for a model. A context that the model would have to state is
/// one, too.
Count point_count(const DeploymentQuestion& question, const Model& model);
/// Throws InputError if these are more points. `what` names the question in the error.
void check_points(std::string_view what, Count points);

/// Returns every combination. The model varies slowest, then weights, cache, engine and placement.
std::vector<DeploymentCase> cases(const DeploymentQuestion& question);

/// Returns the contexts of the question, else the model's trained context, else its last position. Throws InputError if
/// none of them is known.
LengthList contexts_of(const DeploymentQuestion& question, const Model& model);
/// Returns the tokens that a case's images add to the contexts of the question. A context that the model states holds
/// them.
Count tokens_beside(const DeploymentQuestion& question, const Setup& setup);
/// Returns the batches of the question, else the model's own.
LengthList batches_of(const DeploymentQuestion& question, const Model& model);

}  // namespace ctxcost
