// The one search for settings under which a question passes that does not pass as it is.
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

/// Whether a question passes on a deployment at a context and a batch. Where it throws InputError, it does not.
using Passes = std::function<bool(const Deployment& deployment, Count context, Count batch)>;

/// What does not pass, and where.
struct FailedQuestion {
  Count context;
  Count batch;
  Passes passes;
};

/// Looks for remedies of one deployment's questions. The changed deployments are made once for all of them.
class RemedySearch {
 public:
  /// `asked` must outlive it. `split_asked`: its degrees were asked for, so that more GPUs are a remedy of "parallel",
  /// not of "gpus".
  RemedySearch(const Deployment& asked, bool split_asked) : asked_(asked), split_asked_(split_asked) {}

  /// One remedy for each of `settings` that has one, in that order: "beyond_window", "context" and "batch" (the largest
  /// that passes), "kv_precision" and "weights" (the widest of the usual types, else of the others), "gpus" (the
  /// fewest).
  std::vector<Remedy> find(const FailedQuestion& question, std::span<const std::string_view> settings);

 private:
  /// A type, and what it makes of the deployment.
  struct Candidate {
    std::string name;
    std::unique_ptr<const Deployment> deployment;
    Count bytes;
  };
  /// Types that most engines and files have, and the others; the widest first.
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
  /// Over that many ranks; null where that is impossible.
  const Deployment* spread(Count ranks);

  const Deployment& asked_;
  bool split_asked_;
  std::optional<Candidates> caches_, weights_;
  std::map<Count, std::unique_ptr<const Deployment>> spread_;
};

/// The degree by which the engine spreads a model, as the setting that it is.
Remedy spread_over(const Setup& setup, Count ranks, bool split_asked);

}  // namespace ctxcost
