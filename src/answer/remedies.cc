#include "remedies.h"

#include <algorithm>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/solve.h"

namespace ctxcost {
namespace {

bool passes(const FailedQuestion& question, const Deployment& deployment, Count context, Count batch) {
  try {
    return question.passes(deployment, context, batch);
  } catch (const InputError&) {
    return false;
  }
}

bool passes(const FailedQuestion& question, const Deployment& deployment) {
  return passes(question, deployment, question.context, question.batch);
}

/// Deployments of models of more kinds of layers, or of more layers, are not held: each lists them several times.
constexpr std::size_t kHeldGroups = 16;
constexpr Count kHeldLayers = 1024;

/// Null if the engine or the shapes refuse it.
std::shared_ptr<const Deployment> deploy(Setup setup) {
  try {
    return std::make_shared<const Deployment>(std::move(setup));
  } catch (const InputError&) {
    return nullptr;
  }
}

/// The bytes of the weights. Empty if tensors are unknown or the type cannot store them.
std::optional<Count> bytes_under(const WeightScheme& type, const Model& model) {
  try {
    const auto stored = type.resolved(model).store(model);
    if (!stored) return std::nullopt;
    Count bytes;
    for (const StoredTensor& tensor : *stored) bytes += tensor.count() * tensor.bytes;
    return bytes;
  } catch (const InputError&) {
    return std::nullopt;
  }
}

/// Returns a number below `fails` that passes while the next one does not. Empty if `first` does not pass.
std::optional<Count> last_passing(Count first, Count fails, const std::function<bool(Count)>& passes_at) {
  if (fails <= first || !passes_at(first)) return std::nullopt;
  Count low = first;
  Count high = fails;
  while (low + 1 < high) {
    const Count middle = low + (high - low) / 2;
    (passes_at(middle) ? low : high) = middle;
  }
  return low;
}

template <typename Candidate>
void sort_by_bytes(std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.bytes > b.bytes; });
}

Setup with_ranks(const Setup& setup, Count ranks) {
  Setup changed = setup;
  changed.settings.parallelism.*spread_degree(*setup.engine.engine) = ranks;
  return changed;
}

}  // namespace

bool RemedySearch::holds() const {
  const Model& model = *asked_.setup().model;
  return model.groups.size() <= kHeldGroups && model.layers() <= kHeldLayers;
}

bool RemedySearch::passes_with(const FailedQuestion& question, const Candidate& candidate) const {
  if (candidate.deployment) return passes(question, *candidate.deployment);
  const DeploymentPtr deployment = deploy(candidate.setup);
  return deployment && passes(question, *deployment);
}

/// Returns the first that passes.
const RemedySearch::Candidate* RemedySearch::widest_passing(const FailedQuestion& question,
                                                            const std::vector<Candidate>& candidates) const {
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& candidate) { return passes_with(question, candidate); });
  return found == candidates.end() ? nullptr : &*found;
}

std::optional<Remedy> RemedySearch::beyond_window(const FailedQuestion& question) {
  if (asked_.setup().settings.beyond_window) return std::nullopt;
  Setup lifted = asked_.setup();
  lifted.settings.beyond_window = true;
  if (!passes(question, Deployment(std::move(lifted)))) return std::nullopt;
  return Remedy{"beyond_window", "true"};
}

std::optional<Remedy> RemedySearch::shorter_context(const FailedQuestion& question) {
  if (!asked_.setup().settings.requests.lengths.empty()) return std::nullopt;
  const auto longest = last_passing(least_context(asked_), question.context,
                                    [&](Count n) { return passes(question, asked_, n, question.batch); });
  if (!longest) return std::nullopt;
  return Remedy{"context", to_string(*longest)};
}

std::optional<Remedy> RemedySearch::smaller_batch(const FailedQuestion& question) {
  const auto largest =
      last_passing(1, question.batch, [&](Count b) { return passes(question, asked_, question.context, b); });
  if (!largest) return std::nullopt;
  return Remedy{asked_.setup().settings.requests.lengths.empty() ? "batch" : "users", to_string(*largest)};
}

RemedySearch::Candidates RemedySearch::cache_candidates() const {
  constexpr Count kRow = 256;  // a multiple of every block
  const Setup& setup = asked_.setup();
  const auto kept = [&](const Precision& type) { return engines_keep_cache(type.format(), setup.settings); };
  const auto plain = [](const Precision& type) { return type.format().layout == Layout::block; };
  Candidates found;
  for (const KvPrecision& type : cache_types(setup)) {
    if (!kept(type.key) || !kept(type.value)) continue;
    Setup changed = setup;
    changed.workload.kv = type;
    DeploymentPtr deployment;
    if (holds()) {
      deployment = deploy(changed);
      if (!deployment) continue;
    }
    const Count bytes = type.key.row_bytes(kRow) + type.value.row_bytes(kRow);
    (plain(type.key) && plain(type.value) ? found.usual : found.others)
        .push_back({type.name(), std::move(changed), std::move(deployment), bytes});
  }
  sort_by_bytes(found.usual);
  sort_by_bytes(found.others);
  return found;
}

std::optional<Remedy> RemedySearch::narrower_cache(const FailedQuestion& question) {
  if (!caches_) caches_ = cache_candidates();
  const Candidate* found = widest_passing(question, caches_->usual);
  if (found == nullptr) found = widest_passing(question, caches_->others);
  if (found == nullptr) return std::nullopt;
  return Remedy{"kv_precision", found->name};
}

RemedySearch::Candidates RemedySearch::weight_candidates() const {
  const Setup& setup = asked_.setup();
  const auto usual = usual_weights(*setup.engine.engine);
  const bool files = setup.engine.engine->weight_types == WeightTypes::gguf;  // files exist for every type
  Candidates found;
  for (const WeightScheme& type : weight_types(setup)) {
    if (type.of_model()) continue;  // it has no name that a user could ask for
    Setup changed = setup;
    changed.workload.weights = type;
    DeploymentPtr deployment;
    std::optional<Count> bytes;
    if (holds()) {
      deployment = deploy(changed);
      if (deployment) bytes = deployment->estimator().at(1, 1).count(Metric::weights_bytes);
    } else {
      bytes = bytes_under(type, *setup.model);
    }
    if (!bytes) continue;
    const bool is_usual = files || std::find(usual.begin(), usual.end(), type.name()) != usual.end();
    (is_usual ? found.usual : found.others).push_back({type.name(), std::move(changed), std::move(deployment), *bytes});
  }
  for (std::vector<Candidate>* candidates : {&found.usual, &found.others}) {
    sort_by_bytes(*candidates);
    // The narrowest one is asked first. Those that were not built may be refused.
    while (!holds() && !candidates->empty() && !deploy(candidates->back().setup)) candidates->pop_back();
  }
  return found;
}

std::optional<Remedy> RemedySearch::narrower_weights(const FailedQuestion& question) {
  if (!weights_) weights_ = weight_candidates();
  const Candidate* found = nullptr;
  for (const std::vector<Candidate>* candidates : {&weights_->usual, &weights_->others}) {
    // If the narrowest does not pass, none does.
    if (found != nullptr || candidates->empty() || !passes_with(question, candidates->back())) continue;
    found = widest_passing(question, *candidates);
  }
  if (found == nullptr) return std::nullopt;
  return Remedy{"weights", found->name};
}

RemedySearch::DeploymentPtr RemedySearch::spread(Count ranks) {
  if (const auto known = spread_.find(ranks); known != spread_.end()) return known->second;
  Setup setup = with_ranks(asked_.setup(), ranks);
  DeploymentPtr deployment;
  if (divides_evenly(*setup.model, setup.settings.parallelism.tensor)) deployment = deploy(std::move(setup));
  if (holds()) spread_.emplace(ranks, deployment);
  return deployment;
}

/// Doubles the number until it passes, then finds the smallest above the last one that did not.
std::optional<Remedy> RemedySearch::more_gpus(const FailedQuestion& question) {
  const Setup& setup = asked_.setup();
  if (!setup.settings.gpu) return std::nullopt;  // of unequal cards there is no next one
  const bool by_layers = setup.engine.engine->spread == Spread::layers;
  const Count most = most_ranks(setup);
  Count fails = setup.settings.parallelism.*spread_degree(*setup.engine.engine);
  for (Count ranks = fails; ranks < most;) {
    ranks = min(ranks * 2, most);
    const DeploymentPtr deployment = spread(ranks);
    if (deployment == nullptr) continue;
    if (!passes(question, *deployment)) {
      fails = ranks;
      continue;
    }
    const auto passes_over = [&](Count fewer) {
      const DeploymentPtr other = spread(fewer);
      return other != nullptr && passes(question, *other);
    };
    // Layers can be split over any number of ranks. Heads can be split only over some numbers, so bisection is not
    // possible.
    Count fewest = by_layers ? ranks : fails + 1;
    while (by_layers && fails + 1 < fewest) {
      const Count middle = fails + (fewest - fails) / 2;
      (passes_over(middle) ? fewest : fails) = middle;
    }
    while (fewest < ranks && !passes_over(fewest)) fewest += 1;
    return spread_over(setup, fewest, split_asked_);
  }
  return std::nullopt;
}

std::vector<Remedy> RemedySearch::find(const FailedQuestion& question, std::span<const std::string_view> settings) {
  struct Search {
    std::string_view setting;
    std::optional<Remedy> (RemedySearch::*find)(const FailedQuestion& question);
  };
  static constexpr Search kSearches[] = {
      {"beyond_window", &RemedySearch::beyond_window}, {"context", &RemedySearch::shorter_context},
      {"batch", &RemedySearch::smaller_batch},         {"kv_precision", &RemedySearch::narrower_cache},
      {"weights", &RemedySearch::narrower_weights},    {"gpus", &RemedySearch::more_gpus},
  };
  std::vector<Remedy> found;
  for (const std::string_view setting : settings) {
    for (const Search& search : kSearches) {
      if (search.setting != setting) continue;
      if (std::optional<Remedy> remedy = (this->*search.find)(question)) found.push_back(std::move(*remedy));
    }
  }
  return found;
}

Remedy spread_over(const Setup& setup, Count ranks, bool split_asked) {
  const Parallelism parallelism = with_ranks(setup, ranks).settings.parallelism;
  if (split_asked) return {"parallel", parallelism.name()};
  return {"gpus", to_string(parallelism.devices())};
}

}  // namespace ctxcost
