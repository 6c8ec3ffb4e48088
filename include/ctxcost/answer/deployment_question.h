// What `fit` and `solve` are asked: models, types, engines and places, each with each.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/model.h"

namespace ctxcost {

/// A GPU and how a model is spread over several of it.
struct Placement {
  std::optional<Accelerator> gpu;    ///< empty: what the cache may take is given instead
  Count gpus = 1;                    ///< the engine's own degree; not looked at where a split is given
  std::optional<Parallelism> split;  ///< where the degrees were asked for
};

/// Alternatives on each axis. An empty axis is what the models, or the ideal engine, have by themselves.
struct DeploymentQuestion {
  std::vector<SharedModel> models;
  std::vector<WeightScheme> weights;       ///< empty: as each model is stored
  std::vector<KvPrecision> kv_precisions;  ///< empty: each model's own
  std::vector<EngineChoice> engines;       ///< empty: the ideal engine
  std::vector<Placement> placements;       ///< empty: no GPU; `settings.kv_memory` has to be given
  LengthList contexts;                     ///< empty: what each model was trained for
  LengthList batches;                      ///< empty: each model's own
  Convention convention = causal_convention();
  Logits logits = Logits::last;
  DeploymentSettings settings;  ///< of every alternative; its GPU and parallelism are those of the placement
};

/// One alternative, but for context and batch.
struct DeploymentCase {
  Setup setup;
  bool split_asked = false;  ///< its degrees were asked for, not a number of GPUs
};

/// Every combination: the model slowest, then weights, cache, engine and place.
std::vector<DeploymentCase> cases(const DeploymentQuestion& question);

/// The contexts asked for, else the one that the model was trained for, else its last position. Throws InputError
/// where neither is known.
LengthList contexts_of(const DeploymentQuestion& question, const Model& model);
/// The batches asked for, else the model's own.
LengthList batches_of(const DeploymentQuestion& question, const Model& model);

}  // namespace ctxcost
