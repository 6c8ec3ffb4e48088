#include "ctxcost/deployment/solve.h"

#include <algorithm>
#include <functional>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

/// The most ranks that are worth trying: more than any published model has heads or layers.
constexpr Count kMostRanks = 1024;
/// A larger answer counts as unbounded.
constexpr Count kFarthest = std::uint64_t{1} << 50;

/// The outcome of a search at one point.
enum class Outcome { fits, over, refused, overflow };

/// Returns the largest n up to `kFarthest` with fits(n). fits(low) must hold, and fits(n) must stay false once it is
/// false.
std::optional<Count> last_that(Count low, const std::function<bool(Count)>& fits) {
  Count step = 1;
  while (fits(low + step)) {
    low += step;
    step = step * 2;
    if (low > kFarthest) return std::nullopt;
  }
  Count high = low + step;
  while (low + 1 < high) {
    const Count middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

/// Searches upwards from 1. A point on the way that the engine refuses, or whose counts overflow, does not fit. If only
/// an overflow ends the search, the answer is unbounded.
LargestFit search(const std::function<bool(Count)>& holds, Count ripple,
                  const std::function<std::string_view(Count)>& limit) {
  LargestFit largest;
  if (!holds(1)) {
    largest.limit = limit(1);
    return largest;
  }
  const auto probe = [&](Count n, std::string* reason) {
    try {
      return holds(n) ? Outcome::fits : Outcome::over;
    } catch (const OverflowError&) {
      return Outcome::overflow;
    } catch (const InputError& error) {
      if (reason != nullptr) *reason = error.diagnostics().front().message;
      return Outcome::refused;
    }
  };
  const auto fits = [&](Count n) { return probe(n, nullptr) == Outcome::fits; };
  std::optional<Count> last = last_that(1, fits);
  // A cache that packs tokens in groups needs fewer bytes just after the end of a group than before it. Lengths within
  // one group are therefore tried one by one.
  for (Count ahead = 2; last && ripple > 0 && ahead <= ripple + 1; ahead += 1) {
    if (!fits(*last + ahead)) continue;
    last = last_that(*last + ahead, fits);
    ahead = 1;
  }
  const Outcome next = last ? probe(*last + 1, &largest.refusal) : Outcome::overflow;
  largest.unbounded = next == Outcome::overflow;
  if (largest.unbounded) return largest;
  largest.value = last;
  largest.limit = next == Outcome::refused ? "engine" : limit(*last + 1);
  return largest;
}

/// The number of tokens over which the cache's bytes may fall again.
Count ripple_of(const KvPrecision& kv) { return max(kv.key.packed_tokens(), kv.value.packed_tokens()); }

/// Sorts widest first. The model's own type was added first and stays before others of its size.
template <typename Type>
void sort_choices(std::vector<PrecisionChoice<Type>>& choices) {
  std::stable_sort(choices.begin(), choices.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
}

/// Adds the choice unless the engine or the shapes refuse it, or it is wider than the first one, the model's own.
template <typename Type>
void add_choice(std::vector<PrecisionChoice<Type>>& choices, const Setup& setup, Type type, Metric metric,
                Count context, Count batch) {
  try {
    const Deployment deployment(setup);
    const std::optional<Count> bytes = deployment.at(context, batch).count(metric);
    if (!bytes || (!choices.empty() && *bytes > choices.front().bytes)) return;
    choices.push_back({std::move(type), *bytes, deployment.fits(context, batch)});
  } catch (const InputError&) {
    // This engine or these shapes do not support the type. The first type is the setup's own, so its faults are
    // reported.
    if (choices.empty()) throw;
  }
}

}  // namespace

LargestFit max_context_memory(const Deployment& deployment, Count batch) {
  return search([&](Count n) { return deployment.holds(n, batch); }, ripple_of(deployment.estimator().kv()),
                [&](Count n) { return deployment.memory_limit(n, batch); });
}

LargestFit within_window(const Deployment& deployment, LargestFit memory) {
  const std::optional<Count> window = deployment.window();
  const bool capped = window && *window > 0 && (memory.unbounded || memory.value.value_or(0) > *window);
  if (!capped) return memory;
  return {*window, false, "window", {}};
}

LargestFit max_context(const Deployment& deployment, Count batch) {
  // What is held beyond the window is not asked for exactly.
  const std::optional<Count> window = deployment.window();
  if (window && *window > 0) {
    try {
      if (deployment.holds(*window + 1, batch)) return {*window, false, "window", {}};
    } catch (const InputError&) {
      // The search says what a point that cannot be counted or is refused means.
    }
  }
  return within_window(deployment, max_context_memory(deployment, batch));
}

std::string_view bound_of(const LargestFit& context) {
  if (context.unbounded || context.limit == "engine") return {};
  return context.limit == "window" || context.limit == "positions" ? "window" : "memory";
}

LargestFit max_batch(const Deployment& deployment, Count context) {
  if (!deployment.within_window(context)) return {std::nullopt, false, "window", {}};
  return max_batch_memory(deployment, context);
}

LargestFit max_batch_memory(const Deployment& deployment, Count context) {
  return search([&](Count b) { return deployment.holds(context, b); }, 0,
                [&](Count b) { return deployment.memory_limit(context, b); });
}

Count most_ranks(const Setup& setup) {
  const Model& model = *setup.model;
  if (setup.engine.engine->spread == Spread::layers) return min(kMostRanks, max(1, model.layers()));
  constexpr Count kWithoutHeads = 64;
  Count heads;
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      if (mixer->score_heads() > 0) heads = max(heads, mixer->shape().heads);
    }
  }
  return heads == 0 ? kWithoutHeads : min(kMostRanks, heads);
}

FewestGpus min_gpus(const Setup& setup, Count context, Count batch) {
  FewestGpus fewest;
  const Count most = most_ranks(setup);
  const auto degree = spread_degree(*setup.engine.engine);
  std::optional<InputError> fault;
  bool any = false;
  for (Count ranks = 1; ranks <= most; ranks += 1) {
    Setup candidate = setup;
    candidate.settings.parallelism.*degree = ranks;
    const Parallelism parallelism = candidate.settings.parallelism;
    // Most degrees do not divide the heads, which is seen before anything is split.
    if (ranks > 1 && !divides_evenly(*setup.model, parallelism.tensor)) {
      fewest.refused.push_back(parallelism.devices());
      continue;
    }
    std::optional<Deployment> deployment;
    try {
      deployment.emplace(std::move(candidate));
    } catch (const InputError& error) {
      if (!fault) fault = error;
      fewest.refused.push_back(parallelism.devices());
      continue;
    }
    any = true;
    fewest.parallelism = parallelism;
    if (!deployment->within_window(context)) return fewest;
    if (!deployment->fits(context, batch)) continue;
    fewest.gpus = deployment->devices();
    return fewest;
  }
  if (!any) throw InputError(*fault);
  return fewest;
}

std::vector<KvPrecision> cache_types(const Setup& setup) {
  const KvPrecision& own = setup.model->kv;
  std::vector<KvPrecision> types = {own};
  for (const Format& format : formats()) {
    const Precision type(format);
    if (!format.cache || !engines_keep_cache(format, setup.settings.gpu)) continue;
    if (!(type == own.key && type == own.value)) types.push_back({type, type});
  }
  return types;
}

std::vector<PrecisionChoice<KvPrecision>> kv_precision_choices(const Setup& setup, Count context, Count batch) {
  std::vector<PrecisionChoice<KvPrecision>> choices;
  for (const KvPrecision& type : cache_types(setup)) {
    Setup candidate = setup;
    candidate.workload.kv = type;
    add_choice(choices, candidate, type, Metric::device_kv_bytes, context, batch);
  }
  // The model's own type bounded the others. It is an answer itself only if engines keep it.
  const auto kept = [&](const Precision& type) { return engines_keep_cache(type.format(), setup.settings.gpu); };
  const KvPrecision& own = setup.model->kv;
  if (!kept(own.key) || !kept(own.value)) choices.erase(choices.begin());
  sort_choices(choices);
  return choices;
}

std::span<const std::string_view> usual_weights(const Engine& engine) {
  static constexpr std::string_view kFormats[] = {"bf16", "fp8", "int4"};
  static constexpr std::string_view kFileTypes[] = {"BF16", "Q8_0", "Q4_K_M"};
  return engine.weight_types == WeightTypes::gguf ? kFileTypes : kFormats;
}

std::vector<WeightScheme> weight_types(const Setup& setup) {
  std::vector<WeightScheme> types = {WeightScheme()};
  if (setup.engine.engine->weight_types == WeightTypes::gguf) {
    for (const std::string_view name : gguf_file_type_names()) types.push_back(parse_weight_scheme(name, "weights"));
    return types;
  }
  for (const Format& format : formats()) {
    // Only GGUF files use blocks of ggml.
    const bool ggml = format.name.starts_with('q') || format.name.starts_with("iq") || format.name.starts_with("tq");
    if (format.weights && !ggml) types.emplace_back(Precision(format));
  }
  return types;
}

std::vector<PrecisionChoice<WeightScheme>> weight_choices(const Setup& setup, Count context, Count batch) {
  std::vector<PrecisionChoice<WeightScheme>> choices;
  for (const WeightScheme& type : weight_types(setup)) {
    const std::string name = type.resolved(*setup.model).name();
    if (std::any_of(choices.begin(), choices.end(),
                    [&](const auto& known) { return known.type.resolved(*setup.model).name() == name; })) {
      continue;
    }
    Setup candidate = setup;
    candidate.workload.weights = type;
    add_choice(choices, candidate, type, Metric::weights_bytes, context, batch);
  }
  sort_choices(choices);
  return choices;
}

}  // namespace ctxcost
