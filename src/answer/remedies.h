// The search for settings with which a failing question would pass.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/remedy.h"
#include "ctxcost/deployment/deployment.h"

namespace ctxcost {

/// Returns whether a question passes on a deployment at a context and a batch. An InputError counts as no.
using Passes = std::function<bool(const Deployment& deployment, Count context, Count batch)>;

/// The question that does not pass, and its point.
struct FailedQuestion {
  Count context;
  Count batch;
  Passes passes;
};

/// Searches remedies for one deployment's questions. Each changed deployment is built once for all of them, unless the
/// model has so many kinds of layers that holding all of them takes much memory.
class RemedySearch {
 public:
  /// `asked` must outlive the search. `split_asked`: the user gave the degrees, so that more GPUs are a remedy of
  /// "parallel" and not of "gpus".
  RemedySearch(const Deployment& asked, bool split_asked) : asked_(asked), split_asked_(split_asked) {}

  /// Returns one remedy for each of `settings` that has one, in that order: "beyond_window", "context" and "batch" (the
  /// largest that passes), "kv_precision" and "weights" (the widest of the usual types, else of the others), "gpus"
  /// (the fewest).
  std::vector<Remedy> find(const FailedQuestion& question, std::span<const std::string_view> settings);

 private:
  using DeploymentPtr = std::shared_ptr<const Deployment>;
  /// A type and the deployment with it.
  struct Candidate {
    std::string name;
    Setup setup;
    DeploymentPtr deployment;  ///< null: it is built where it is asked for
    Count bytes;
  };
  /// Common types, and the others. Each list is ordered widest first.
  struct Candidates {
    std::vector<Candidate> usual, others;
  };

  std::optional<Remedy> beyond_window(const FailedQuestion& question);
  std::optional<Remedy> shorter_context(const FailedQuestion& question);
  std::optional<Remedy> smaller_batch(const FailedQuestion& question);
  std::optional<Remedy> narrower_cache(const FailedQuestion& question);
  std::optional<Remedy> narrower_weights(const FailedQuestion& question);
  std::optional<Remedy> more_gpus(const FailedQuestion& question);
  Candidates cache_candidates() const;
  Candidates weight_candidates() const;
  const Candidate* widest_passing(const FailedQuestion& question, const std::vector<Candidate>& candidates) const;
  bool passes_with(const FailedQuestion& question, const Candidate& candidate) const;
  /// Builds the deployment over that many ranks. Null if that is impossible.
  DeploymentPtr spread(Count ranks);
  /// Whether deployments that were built are kept for the next question.
  bool holds() const;

  const Deployment& asked_;
  bool split_asked_;
  std::optional<Candidates> caches_, weights_;
  std::map<Count, DeploymentPtr> spread_;
};

/// Returns the degree by which the engine splits a model, as a setting.
Remedy spread_over(const Setup& setup, Count ranks, bool split_asked);

}  // namespace ctxcost
