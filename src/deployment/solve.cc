#include "ctxcost/deployment/solve.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

/// The most ranks that are worth trying: more than any published model has heads or layers.
constexpr Count kMostRanks = 1024;
/// A larger answer counts as unbounded.
constexpr Count kFarthest = std::uint64_t{1} << 50;

/// The outcome of a search at one point.
enum class Outcome { fits, over, refused, overflow };

struct Probe {
  Count at;
  Outcome outcome = Outcome::over;
  std::string_view limit = {};  ///< what does not fit
  std::optional<double> free_bytes = {};
  std::string refusal = {};
};

/// Finds the last value that fits, by exact probes of values. What is free is nearly a line between probes, which says
/// where to probe next.
class Search {
 public:
  explicit Search(const std::function<HeldPoint(Count)>& held) : held_(held) {}

  /// Searches upwards from 1. `over` does not fit, if it is given. A point on the way that the engine refuses, or whose
  /// counts overflow, does not fit. If only an overflow ends the search, the answer is unbounded.
  LargestFit largest(Count ripple, std::optional<Probe> over) {
    LargestFit largest;
    const HeldPoint first = held_(1);
    if (!first.limit.empty()) {
      largest.limit = first.limit;
      return largest;
    }
    fits_[0] = {1, Outcome::fits, {}, first.free_bytes, {}};
    if (over) over_[0] = std::move(over);
    bool ends = narrow();
    // A cache that packs tokens in groups needs fewer bytes just after the end of a group than before it. Lengths
    // within one group are therefore tried one by one.
    for (Count ahead = 2; ends && ripple > 0 && ahead <= ripple + 1; ahead += 1) {
      Probe further = probe(fits_[0]->at + ahead);
      if (further.outcome != Outcome::fits) continue;
      fits_ = {std::move(further), std::nullopt};
      over_ = {};
      ends = narrow();
      ahead = 1;
    }
    largest.unbounded = !ends || over_[0]->outcome == Outcome::overflow;
    if (largest.unbounded) return largest;
    largest.value = fits_[0]->at;
    largest.limit = over_[0]->outcome == Outcome::refused ? "engine" : over_[0]->limit;
    largest.refusal = std::move(over_[0]->refusal);
    return largest;
  }

 private:
  /// The last probes on one side, the later one first.
  using Side = std::array<std::optional<Probe>, 2>;

  Probe probe(Count n) const {
    try {
      const HeldPoint point = held_(n);
      return {n, point.limit.empty() ? Outcome::fits : Outcome::over, point.limit, point.free_bytes, {}};
    } catch (const OverflowError&) {
      return {n, Outcome::overflow};
    } catch (const InputError& error) {
      return {n, Outcome::refused, {}, {}, error.diagnostics().front().message};
    }
  }

  void take(Count n) {
    Probe found = probe(n);
    Side& side = found.outcome == Outcome::fits ? fits_ : over_;
    side[1] = std::move(side[0]);
    side[0] = std::move(found);
  }

  /// Narrows down to neighbours, of which the first fits and the second does not. False if everything up to `kFarthest`
  /// fits. What fits must stay false once it is false.
  bool narrow() {
    Count step = 1;
    for (; !over_[0]; step = step * 2) {
      if (fits_[0]->at > kFarthest) return false;
      const std::optional<double> line = zero_between(fits_[0], fits_[1]);
      Count next = fits_[0]->at + step;
      if (line && *line < kFarthest.to_double()) next = max(next, Count{static_cast<std::uint64_t>(*line) + 1});
      take(next);
    }
    for (unsigned tried = 0; fits_[0]->at + 1 < over_[0]->at; ++tried) {
      const Count low = fits_[0]->at, high = over_[0]->at;
      // Where a line misleads, every third probe halves what is left.
      const std::optional<double> line =
          tried % 3 == 2 ? std::nullopt : nearest_zero(low.to_double(), high.to_double());
      take(line ? max(low + 1, min(high - 1, Count{static_cast<std::uint64_t>(*line)})) : (low + high) / 2);
    }
    return true;
  }

  /// Where the line through two probes is 0. Empty if it does not fall, or if nothing is known of one of the two.
  static std::optional<double> zero_between(const std::optional<Probe>& a, const std::optional<Probe>& b) {
    if (!a || !b || !a->free_bytes || !b->free_bytes) return std::nullopt;
    const double slope = (*b->free_bytes - *a->free_bytes) / (b->at.to_double() - a->at.to_double());
    const double zero = a->at.to_double() - *a->free_bytes / slope;
    constexpr double kFar = 4 * kFarthest.to_double();
    return slope < 0 && zero >= 0 && zero < kFar ? std::optional(zero) : std::nullopt;
  }

  /// Lines of which both probes are on one side are right where the cache of windowed layers is full on that side.
  std::optional<double> nearest_zero(double low, double high) const {
    for (const auto& line : {zero_between(over_[0], over_[1]), zero_between(fits_[0], fits_[1])}) {
      if (line && *line >= low && *line < high) return line;
    }
    const std::optional<double> chord = zero_between(fits_[0], over_[0]);
    return chord && *chord >= low && *chord < high ? chord : std::nullopt;
  }

  const std::function<HeldPoint(Count)>& held_;
  Side fits_, over_;
};

/// The number of tokens over which the cache's bytes may fall again.
Count ripple_of(const KvPrecision& kv) { return max(kv.key.packed_tokens(), kv.value.packed_tokens()); }

/// The longest context that the devices hold. `over` is one that they do not hold, if one is known.
LargestFit longest(const Deployment& deployment, Count batch, std::optional<Probe> over) {
  // A search starts at 1, but no request is shorter than the prefix of all.
  const Count before = least_context(deployment) - 1;
  const std::function<HeldPoint(Count)> held = [&](Count n) { return deployment.held(before + n, batch); };
  if (over && before > 0) over->at = minus_or_zero(over->at, before);
  if (over && over->at <= 1) over.reset();
  LargestFit found = Search(held).largest(ripple_of(deployment.estimator().kv()), std::move(over));
  if (found.value) *found.value += before;
  return found;
}

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

Count least_context(const Deployment& deployment) { return max(1, deployment.setup().settings.requests.shared_prefix); }

LargestFit max_context_memory(const Deployment& deployment, Count batch) {
  return longest(deployment, batch, std::nullopt);
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
  std::optional<Probe> over;
  if (window && *window > 0) {
    try {
      const HeldPoint beyond = deployment.held(*window + 1, batch);
      if (beyond.limit.empty()) return {*window, false, "window", {}};
      over = Probe{*window + 1, Outcome::over, beyond.limit, beyond.free_bytes, {}};
    } catch (const InputError&) {
      // The search says what a point that cannot be counted or is refused means.
    }
  }
  return within_window(deployment, longest(deployment, batch, std::move(over)));
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
  const std::function<HeldPoint(Count)> held = [&](Count b) { return deployment.held(context, b); };
  return Search(held).largest(deployment.setup().settings.requests.ripple(), std::nullopt);
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

namespace {

Setup over_ranks(const Setup& setup, Count ranks) {
  Setup changed = setup;
  changed.settings.parallelism.*spread_degree(*setup.engine.engine) = ranks;
  return changed;
}

bool can_deploy(const Setup& setup, Count ranks) {
  try {
    const Deployment deployment(over_ranks(setup, ranks));
    return true;
  } catch (const InputError&) {
    return false;
  }
}

/// Returns a number of devices below which none fits, if one device does not. Layers that are spread take together what
/// they take on one device, so that fewer cannot hold their weights and cache. 2 where nothing is known.
Count fewest_layers_ranks(const Deployment& one, Count context, Count batch) {
  constexpr Count kNothingKnown = 2;
  if (one.setup().engine.engine->spread != Spread::layers) return kNothingKnown;
  const std::optional<Count> room = one.capacity();
  const DeviceMemory memory = one.fullest(context, batch).memory;
  if (!room || *room == 0 || !memory.weights || !memory.kv_reserved) return kNothingKnown;
  return max(kNothingKnown, ceil_div(*memory.weights + *memory.kv_reserved, *room));
}

}  // namespace

FewestGpus min_gpus(const Setup& setup, Count context, Count batch) {
  if (setup.settings.machine) return fewest_cards(setup, context, batch);
  FewestGpus fewest;
  const Count most = most_ranks(setup);
  std::optional<InputError> fault;
  bool any = false;
  for (Count ranks = 1; ranks <= most; ranks += 1) {
    Setup candidate = over_ranks(setup, ranks);
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
    if (deployment->fits(context, batch)) {
      fewest.gpus = deployment->devices();
      return fewest;
    }
    if (ranks > 1) continue;
    // Numbers are passed over where the engine runs both the second and the next one that is tried.
    const Count next = min(most, fewest_layers_ranks(*deployment, context, batch));
    if (next > 2 && can_deploy(setup, 2) && can_deploy(setup, next)) ranks = next - 1;
  }
  if (!any) throw InputError(*fault);
  return fewest;
}

std::vector<KvPrecision> cache_types(const Setup& setup) {
  const KvPrecision& own = setup.model->kv;
  std::vector<KvPrecision> types = {own};
  for (const Format& format : formats()) {
    const Precision type(format);
    if (!format.cache || !engines_keep_cache(format, setup.settings)) continue;
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
  const auto kept = [&](const Precision& type) { return engines_keep_cache(type.format(), setup.settings); };
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
