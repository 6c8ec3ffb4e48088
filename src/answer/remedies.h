// The one search for settings under which a question passes that does not pass as it is.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "ctxcost/answer/remedy.h"
#include "ctxcost/deployment/deployment.h"

namespace ctxcost {

/// Whether a question passes on a deployment at a context and a batch. Where it throws InputError, it does not.
using Passes = std::function<bool(const Deployment& deployment, Count context, Count batch)>;

/// A question that does not pass.
struct FailedQuestion {
  const Setup& setup;
  Count context;
  Count batch;
  bool split_asked;  ///< the degrees were asked for, so that more GPUs are a remedy of "parallel", not of "gpus"
  Passes passes;
};

/// One remedy for each of `settings` that has one, in that order: "beyond_window", "context" and "batch" (the largest
/// that passes), "kv_precision" and "weights" (the widest), "gpus" (the fewest).
std::vector<Remedy> find_remedies(const FailedQuestion& question, std::span<const std::string_view> settings);

/// The degree by which the engine spreads a model, as the setting that it is.
Remedy spread_over(const Setup& setup, Count ranks, bool split_asked);

}  // namespace ctxcost
