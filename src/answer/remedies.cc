#include "remedies.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/solve.h"

namespace ctxcost {
namespace {

/// What a changed setup says of a question.
enum class Outcome { passes, fails, impossible };

Outcome outcome(const FailedQuestion& question, const Setup& setup) {
  try {
    const bool passes = question.passes(Deployment(setup), question.context, question.batch);
    return passes ? Outcome::passes : Outcome::fails;
  } catch (const InputError&) {
    return Outcome::impossible;  // the engine or the shapes do not allow it
  }
}

bool passes(const FailedQuestion& question, const Setup& setup) { return outcome(question, setup) == Outcome::passes; }

/// A number below `fails` that passes while the next one does not; empty where 1 does not pass.
std::optional<Count> last_passing(Count fails, const std::function<bool(Count)>& passes_at) {
  const auto tried = [&](Count value) {
    try {
      return passes_at(value);
    } catch (const InputError&) {
      return false;
    }
  };
  if (fails <= 1 || !tried(1)) return std::nullopt;
  Count low = 1;
  Count high = fails;
  while (low + 1 < high) {
    const Count middle = low + (high - low) / 2;
    (tried(middle) ? low : high) = middle;
  }
  return low;
}

std::optional<Remedy> beyond_window(const FailedQuestion& question) {
  if (question.setup.settings.beyond_window) return std::nullopt;
  Setup lifted = question.setup;
  lifted.settings.beyond_window = true;
  if (!passes(question, lifted)) return std::nullopt;
  return Remedy{"beyond_window", "true"};
}

std::optional<Remedy> shorter_context(const FailedQuestion& question) {
  const Deployment deployment(question.setup);
  const auto longest =
      last_passing(question.context, [&](Count n) { return question.passes(deployment, n, question.batch); });
  if (!longest) return std::nullopt;
  return Remedy{"context", to_string(*longest)};
}

std::optional<Remedy> smaller_batch(const FailedQuestion& question) {
  const Deployment deployment(question.setup);
  const auto largest =
      last_passing(question.batch, [&](Count b) { return question.passes(deployment, question.context, b); });
  if (!largest) return std::nullopt;
  return Remedy{"batch", to_string(*largest)};
}

/// A setup with another type, and what that type takes.
struct Candidate {
  std::string name;
  Setup setup;
  Count bytes;
  bool usual;  ///< that most engines and files have: before the others, whatever they take
};

/// The name of the first candidate that passes: usual ones before others, the widest first.
std::optional<std::string> widest_passing(const FailedQuestion& question, std::vector<Candidate> candidates) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.usual != b.usual ? a.usual : a.bytes > b.bytes;
  });
  for (Candidate& candidate : candidates) {
    if (passes(question, candidate.setup)) return std::move(candidate.name);
  }
  return std::nullopt;
}

/// What a type takes, as that metric; empty where the engine or the shapes refuse it.
std::optional<Count> bytes_of(const FailedQuestion& question, const Setup& setup, Metric metric) {
  try {
    return Deployment(setup).at(question.context, question.batch).count(metric);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

std::optional<Remedy> narrower_cache(const FailedQuestion& question) {
  const auto kept = [&](const Precision& type) {
    return engines_keep_cache(type.format(), question.setup.settings.gpu);
  };
  std::vector<Candidate> candidates;
  for (const KvPrecision& type : cache_types(question.setup)) {
    if (!kept(type.key) || !kept(type.value)) continue;
    Setup setup = question.setup;
    setup.workload.kv = type;
    const bool usual = type.key.format().layout == Layout::block && type.value.format().layout == Layout::block;
    const std::optional<Count> bytes = bytes_of(question, setup, Metric::device_kv_bytes);
    if (bytes) candidates.push_back({type.name(), std::move(setup), *bytes, usual});
  }
  std::optional<std::string> name = widest_passing(question, std::move(candidates));
  if (!name) return std::nullopt;
  return Remedy{"kv_precision", std::move(*name)};
}

std::optional<Remedy> narrower_weights(const FailedQuestion& question) {
  const auto usual = usual_weights(*question.setup.engine.engine);
  std::vector<Candidate> candidates;
  for (const WeightScheme& type : weight_types(question.setup)) {
    if (type.of_model()) continue;  // it has no name that could be asked for
    Setup setup = question.setup;
    setup.workload.weights = type;
    const bool is_usual = std::find(usual.begin(), usual.end(), type.name()) != usual.end();
    const std::optional<Count> bytes = bytes_of(question, setup, Metric::weights_bytes);
    if (bytes) candidates.push_back({type.name(), std::move(setup), *bytes, is_usual});
  }
  std::optional<std::string> name = widest_passing(question, std::move(candidates));
  if (!name) return std::nullopt;
  return Remedy{"weights", std::move(*name)};
}

Setup spread(const Setup& setup, Count ranks) {
  Setup changed = setup;
  changed.settings.parallelism.*spread_degree(*setup.engine.engine) = ranks;
  return changed;
}

/// Doubled until it passes, then the fewest after the last that did not.
std::optional<Remedy> more_gpus(const FailedQuestion& question) {
  const Setup& setup = question.setup;
  if (!setup.settings.gpu) return std::nullopt;
  Count fails = setup.settings.parallelism.*spread_degree(*setup.engine.engine);
  const Count most = most_ranks(setup);
  for (Count ranks = fails; ranks < most;) {
    ranks = min(ranks * 2, most);
    const Outcome found = outcome(question, spread(setup, ranks));
    if (found == Outcome::fails) fails = ranks;
    if (found != Outcome::passes) continue;
    Count fewest = fails + 1;
    while (fewest < ranks && !passes(question, spread(setup, fewest))) fewest += 1;
    return spread_over(setup, fewest, question.split_asked);
  }
  return std::nullopt;
}

struct Search {
  std::string_view setting;
  std::optional<Remedy> (*find)(const FailedQuestion& question);
};
constexpr Search kSearches[] = {
    {"beyond_window", beyond_window}, {"context", shorter_context},  {"batch", smaller_batch},
    {"kv_precision", narrower_cache}, {"weights", narrower_weights}, {"gpus", more_gpus},
};

}  // namespace

std::vector<Remedy> find_remedies(const FailedQuestion& question, std::span<const std::string_view> settings) {
  std::vector<Remedy> found;
  for (const std::string_view setting : settings) {
    for (const Search& search : kSearches) {
      if (search.setting != setting) continue;
      if (std::optional<Remedy> remedy = search.find(question)) found.push_back(std::move(*remedy));
    }
  }
  return found;
}

Remedy spread_over(const Setup& setup, Count ranks, bool split_asked) {
  const Parallelism parallelism = spread(setup, ranks).settings.parallelism;
  if (split_asked) return {"parallel", parallelism.name()};
  return {"gpus", to_string(parallelism.devices())};
}

}  // namespace ctxcost
