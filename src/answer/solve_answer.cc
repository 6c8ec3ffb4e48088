#include "ctxcost/answer/solve_answer.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "estimate/window_note.h"
#include "remedies.h"

namespace ctxcost {
namespace {

/// One case at a context and a batch. One of the two may be the unknown.
struct Point {
  const DeploymentCase& asked;
  Count context;
  Count batch;
};

Trial attempt(SolvedValue value, const Deployment& deployment, Count context, Count batch) {
  const DeploymentEstimate estimate = deployment.at(context, batch);
  const DeviceMemory& device = estimate.devices[estimate.largest];
  return {std::move(value),
          estimate.count(Metric::device_bytes) ? device.bytes() : std::nullopt,
          estimate[Metric::headroom_bytes],
          estimate.limit,
          {},
          deployment.margin_note(estimate),
          device.card == nullptr ? std::string() : device.card->gpu.id,
          {estimate[Metric::usd_per_million_prefill_tokens], estimate[Metric::usd_per_million_decode_tokens],
           estimate[Metric::joules_per_decode_token]}};
}

Trial impossible(SolvedValue value, std::string reason) {
  return {std::move(value), std::nullopt, {}, {}, std::move(reason), {}, {}, {}};
}

/// Sets the answer of an upward search: it fits and the next value does not.
/// `least` is the smallest value.
void set_largest(SolveAnswer& answer, const LargestFit& largest, Count least,
                 const std::function<Trial(Count)>& attempt_at) {
  if (largest.value) {
    answer.value = *largest.value;
    answer.fits = attempt_at(*largest.value);
    const Count next = *largest.value + 1;
    answer.does_not_fit = largest.limit == "engine" ? impossible(next, largest.refusal) : attempt_at(next);
  } else if (!largest.unbounded) {
    answer.nothing_fits = true;
    answer.does_not_fit = attempt_at(least);
  }
}

/// Finds the answers with other settings, changing one at a time, if they exceed `now`.
class Unlocks {
 public:
  using Solve = std::function<LargestFit(const Deployment&)>;
  Unlocks(const DeploymentCase& asked, Count now, Solve solve) : asked_(asked), now_(now), solve_(std::move(solve)) {}

  std::vector<Unlock> beyond_window() {
    Setup setup = asked_.setup;
    setup.settings.beyond_window = true;
    add(std::move(setup), {"beyond_window", "true"});
    return std::move(found_);
  }

  /// Tries narrower types, and twice as many GPUs of one kind.
  std::vector<Unlock> more_memory() {
    const Setup& base = asked_.setup;
    for (const char* type : {"fp8", "q8_0", "q4_0"}) {
      Setup setup = base;
      setup.workload.kv = parse_kv_precision(type, "kv_precision");
      if (!engines_keep_cache(setup.workload.kv->key.format(), base.settings)) continue;
      add(std::move(setup), {"kv_precision", type});
    }
    if (!base.settings.has_cards()) return std::move(found_);
    const Engine& engine = *base.engine.engine;
    for (const std::string_view type : usual_weights(engine).subspan(1)) {
      Setup setup = base;
      setup.workload.weights = parse_weight_scheme(type, "weights");
      add(std::move(setup), {"weights", std::string(type)});
    }
    if (base.settings.machine) return std::move(found_);  // what twice as many were is not said
    Setup setup = base;
    Count& ranks = setup.settings.parallelism.*spread_degree(engine);
    ranks = ranks * 2;
    Remedy more = spread_over(base, ranks, asked_.split_asked);
    add(std::move(setup), std::move(more));
    return std::move(found_);
  }

 private:
  void add(Setup setup, Remedy change) {
    try {
      const LargestFit largest = solve_(Deployment(std::move(setup)));
      if (largest.unbounded || largest.value.value_or(0) > now_) found_.push_back({std::move(change), largest.value});
    } catch (const InputError&) {
      // This engine or these shapes do not allow the change.
    }
  }

  const DeploymentCase& asked_;
  Count now_;
  Solve solve_;
  std::vector<Unlock> found_;
};

/// Finds what unlocks more. Nothing does beyond a table of positions, or if the engine refuses.
void set_unlocks(SolveAnswer& answer, const LargestFit& largest, Unlocks::Solve solve) {
  if (largest.unbounded) return;
  const std::optional<Trial>& next = answer.does_not_fit;
  if (next && (next->limit == "positions" || !next->refusal.empty())) return;
  Unlocks unlocks(answer.asked, largest.value.value_or(0), std::move(solve));
  answer.unlocks = answer.ends_at_window() ? unlocks.beyond_window() : unlocks.more_memory();
}

void solve_context(SolveAnswer& answer, const Point& point) {
  const Deployment& deployment = *answer.deployment;
  answer.in_memory = max_context_memory(deployment, point.batch);
  const LargestFit largest = within_window(deployment, *answer.in_memory);
  set_largest(answer, largest, least_context(deployment),
              [&](Count n) { return attempt(n, deployment, n, point.batch); });
  answer.bound = bound_of(largest);
  if (largest.value) {
    const Model& model = *point.asked.setup.model;
    answer.window_status = window_status(model.positions, *largest.value);
    std::string note = window_note(model, deployment.at(*largest.value, point.batch).model, *largest.value);
    if (!note.empty()) answer.notes.push_back(std::move(note));
  }
  if (largest.limit == "window") {
    const auto& memory = answer.in_memory->value;
    answer.notes.push_back(format("memory alone would allow {}", memory ? with_separators(*memory) : "any context"));
  }
  set_unlocks(answer, largest, [&](const Deployment& other) { return max_context(other, point.batch); });
}

void solve_batch(SolveAnswer& answer, const Point& point) {
  const Deployment& deployment = *answer.deployment;
  const LargestFit largest = max_batch(deployment, point.context);
  set_largest(answer, largest, 1, [&](Count b) { return attempt(b, deployment, point.context, b); });
  answer.bound = bound_of(largest);
  set_unlocks(answer, largest, [&](const Deployment& other) { return max_batch(other, point.context); });
}

void solve_gpus(SolveAnswer& answer, const Point& point) {
  const Setup& base = point.asked.setup;
  if (!base.settings.has_cards()) {
    throw InputError(Diagnostic{"gpus", "", "expected a GPU to count, found none", ""});
  }
  const FewestGpus fewest = min_gpus(base, point.context, point.batch);
  answer.cards = fewest.cards;
  const auto degree = spread_degree(*base.engine.engine);
  // Of a machine whose cards differ, `cards`, else those with most memory.
  const auto over = [&](Count ranks, const std::optional<Machine>& cards = {}) {
    Setup setup = base;
    setup.settings.parallelism.*degree = ranks;
    const Count gpus = setup.settings.parallelism.devices();
    if (base.settings.machine) set_cards(setup.settings, cards ? *cards : largest_cards(*base.settings.machine, gpus));
    const std::string tried = base.settings.machine ? setup.settings.cards_name() : std::string();
    try {
      Trial trial = attempt(gpus, Deployment(std::move(setup)), point.context, point.batch);
      if (trial.gpu.empty()) trial.gpu = tried;
      return trial;
    } catch (const InputError& error) {
      return impossible(gpus, error.diagnostics().front().message);
    }
  };
  answer.split = fewest.parallelism;
  const Count ranks = fewest.parallelism.*degree;
  if (!fewest.gpus) {
    answer.nothing_fits = true;
    answer.does_not_fit = over(ranks, fewest.cards);
    return;
  }
  answer.value = *fewest.gpus;
  answer.fits = over(ranks, fewest.cards);
  // The proof is the next smaller number of GPUs over which the model can be split.
  std::optional<Trial>& next = answer.does_not_fit;
  for (Count fewer = ranks - 1; fewer > 0 && (!next || !next->refusal.empty()); fewer = fewer - 1) next = over(fewer);
}

/// Finds the widest type that fits. The next wider one does not.
template <typename Type>
void set_widest(SolveAnswer& answer, const Point& point, const std::vector<PrecisionChoice<Type>>& choices,
                const std::function<std::string(const Type&)>& name,
                const std::function<void(Setup&, const Type&)>& apply) {
  const auto attempt_of = [&](const Type& type) {
    Setup setup = point.asked.setup;
    apply(setup, type);
    return attempt(name(type), Deployment(std::move(setup)), point.context, point.batch);
  };
  for (const auto& choice : choices) answer.choices.push_back({name(choice.type), choice.bytes, choice.fits});
  const auto widest = std::find_if(choices.begin(), choices.end(), [](const auto& choice) { return choice.fits; });
  answer.nothing_fits = widest == choices.end();
  if (!answer.nothing_fits) {
    answer.value = name(widest->type);
    answer.fits = attempt_of(widest->type);
  }
  if (widest != choices.begin()) answer.does_not_fit = attempt_of(std::prev(widest)->type);
}

void solve_kv_precision(SolveAnswer& answer, const Point& point) {
  set_widest<KvPrecision>(
      answer, point, kv_precision_choices(point.asked.setup, point.context, point.batch),
      [](const KvPrecision& type) { return type.name(); },
      [](Setup& setup, const KvPrecision& type) { setup.workload.kv = type; });
}

void solve_weights(SolveAnswer& answer, const Point& point) {
  set_widest<WeightScheme>(
      answer, point, weight_choices(point.asked.setup, point.context, point.batch),
      [&](const WeightScheme& type) { return type.resolved(*point.asked.setup.model).name(); },
      [](Setup& setup, const WeightScheme& type) { setup.workload.weights = type; });
}

SolveAnswer answer_at(Unknown unknown, const Point& point, std::shared_ptr<const Deployment> deployment) {
  SolveAnswer answer;
  answer.unknown = unknown;
  answer.asked = point.asked;
  answer.deployment = std::move(deployment);
  answer.split = point.asked.setup.settings.parallelism;
  if (unknown != Unknown::context) answer.context = point.context;
  if (!is_batch(unknown)) answer.batch = point.batch;
  switch (unknown) {
    case Unknown::context: solve_context(answer, point); break;
    case Unknown::batch:
    case Unknown::users: solve_batch(answer, point); break;
    case Unknown::gpus: solve_gpus(answer, point); break;
    case Unknown::kv_precision: solve_kv_precision(answer, point); break;
    case Unknown::weights: solve_weights(answer, point); break;
  }
  if (unknown != Unknown::context) {
    const Count* const solved = answer.value ? std::get_if<Count>(&*answer.value) : nullptr;
    for (std::string& note :
         answer.deployment->mix_notes(point.context, is_batch(unknown) && solved != nullptr ? *solved : point.batch)) {
      answer.notes.push_back(std::move(note));
    }
    answer.window_status = window_status(point.asked.setup.model->positions, point.context);
    if (answer.ends_at_window()) answer.bound = "window";
  }
  return answer;
}

}  // namespace

bool SolveAnswers::any() const {
  return std::any_of(answers.begin(), answers.end(), [](const SolveAnswer& answer) { return !answer.nothing_fits; });
}

SolveAnswers solve(Unknown unknown, const DeploymentQuestion& question) {
  SolveAnswers result;
  const auto add = [&](const DeploymentCase& asked, const std::shared_ptr<const Deployment>& deployment, Count context,
                       Count batch) {
    try {
      result.answers.push_back(answer_at(unknown, {asked, context, batch}, deployment));
    } catch (const InputError& error) {
      result.left_out.push_back(error);
    }
  };
  DeploymentQuestion axes = question;
  if (unknown == Unknown::context) axes.contexts = LengthList(1);
  if (is_batch(unknown)) axes.batches = LengthList(1);
  Count points;
  for (const DeploymentCase& asked : cases(question)) {
    const Model& model = *asked.setup.model;
    points += point_count(axes, model);
    check_points("solve", points);
    try {
      const LengthList batches = batches_of(axes, model);
      const LengthList contexts = contexts_of(axes, model);
      const Count images = tokens_beside(axes, asked.setup);
      const auto deployment = std::make_shared<const Deployment>(asked.setup);
      for (const Count batch : batches) {
        for (const Count context : contexts) add(asked, deployment, context + images, batch);
      }
    } catch (const InputError& error) {
      result.left_out.push_back(error);
    }
  }
  return result;
}

const MetricValue& running_cost(const Trial& trial, Metric metric) {
  const auto first = static_cast<std::size_t>(Metric::usd_per_million_prefill_tokens);
  return trial.running_costs.at(static_cast<std::size_t>(metric) - first);
}

std::vector<std::string> notes(const SolveAnswer& answer) {
  std::vector<std::string> all = answer.deployment->notes();
  all.insert(all.end(), answer.notes.begin(), answer.notes.end());
  if (answer.fits && !answer.fits->margin_note.empty()) all.push_back(answer.fits->margin_note);
  return all;
}

}  // namespace ctxcost
