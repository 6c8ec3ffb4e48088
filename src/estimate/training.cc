#include "ctxcost/estimate/training.h"

#include "ctxcost/core/diagnostic.h"

namespace ctxcost {
namespace {

/// One forward and two backward passes.
constexpr Count kTrainingPasses = 3;
/// Far above any warm-up that is meant.
constexpr Count kMostWarmUpStages = 10'000;

/// Sequence mixing of one forward pass.
struct ForwardMixing {
  std::optional<Count> all = Count{};
  std::optional<Count> scored = Count{};  // of mixers with scores, which a backward pass may compute again

  void add(const ForwardMixing& other, Count times) {
    const auto add_to = [times](std::optional<Count>& sum, const std::optional<Count>& term) {
      sum = sum && term ? std::optional(*sum + *term * times) : std::nullopt;
    };
    add_to(all, other.all);
    add_to(scored, other.scored);
  }
};

ForwardMixing forward_mixing(const Estimator& estimator, Count context) {
  ForwardMixing mixing;
  for (const Term& term : estimator.terms(context, 1, {Metric::attention_flops})) {
    const std::optional<Count> total = term.total();
    const bool scored = term.mixer->score_heads() > 0;
    mixing.add({total, scored ? total : Count{}}, 1);
  }
  return mixing;
}

/// What the backward pass computes again, in forward FLOPs of the attention core and of the parameters.
std::optional<Count> recomputed(const TrainingMethod& method, const ForwardMixing& mixing,
                                std::optional<Count> parameters) {
  if (!mixing.all || !mixing.scored) return std::nullopt;
  Count again;
  if (method.flash) again += ceil_div(*mixing.scored, 2);
  if (!method.flash && method.recompute == Recompute::selective) again += *mixing.scored;
  if (method.recompute != Recompute::full) return again;
  if (!parameters) return std::nullopt;
  return again + *parameters + *mixing.all;
}

TrainingWork exact_work(const Estimator& estimator, const TrainingStage& stage, const TrainingMethod& method) {
  TrainingWork work;
  const Count whole = stage.tokens / stage.context;
  work.last_sequence = stage.tokens % stage.context;
  work.sequences = whole + (work.last_sequence > 0 ? 1 : 0);
  ForwardMixing mixing;
  if (whole > 0) mixing.add(forward_mixing(estimator, stage.context), whole);
  if (work.last_sequence > 0) mixing.add(forward_mixing(estimator, work.last_sequence), 1);

  const std::optional<Count> active = estimator.at(1, 1).count(Metric::active_parameters);
  std::optional<Count> forward;
  if (active) forward = *active * estimator.settings().convention.flops_per_mac * stage.tokens;
  if (forward) work.parameter_flops = kTrainingPasses * *forward;
  if (mixing.all) work.attention_flops = kTrainingPasses * *mixing.all;
  work.recomputed_flops = recomputed(method, mixing, forward);
  return work;
}

}  // namespace

TrainingWork training_work(const Estimator& estimator, const TrainingStage& stage, const TrainingMethod& method) {
  try {
    return exact_work(estimator, stage, method);
  } catch (const CountOverflow& overflow) {
    throw OverflowError(Diagnostic{estimator.model().name, "",
                                   "the FLOPs of " + to_string(stage.tokens) + " tokens at context " +
                                       to_string(stage.context) + " do not fit 128 bits",
                                   overflow.what()});
  }
}

TrainingWork sum_of(std::span<const TrainingWork> stages) {
  TrainingWork total;
  total.parameter_flops = total.attention_flops = total.recomputed_flops = Count{};
  for (const TrainingWork& work : stages) {
    total.sequences += work.sequences;
    total.parameter_flops = known_sum(total.parameter_flops, work.parameter_flops);
    total.attention_flops = known_sum(total.attention_flops, work.attention_flops);
    total.recomputed_flops = known_sum(total.recomputed_flops, work.recomputed_flops);
  }
  return total;
}

TrainingStage at_context(std::span<const TrainingStage> stages, Count context) {
  TrainingStage all{context, 0};
  for (const TrainingStage& stage : stages) all.tokens += stage.tokens;
  return all;
}

std::vector<TrainingStage> warm_up_stages(const LengthList& contexts, Count tokens) {
  const Count count = contexts.size();
  if (count > kMostWarmUpStages) {
    throw InputError(setting_fault("warm_up", "expected at most 10,000 contexts, found " + to_string(count)));
  }
  if (tokens < count) {
    throw InputError(setting_fault("tokens", "expected at least one for each of the " + to_string(count) +
                                                 " contexts, found " + to_string(tokens)));
  }
  std::vector<TrainingStage> stages;
  for (const Count context : contexts) stages.push_back({context, tokens / count});
  stages.back().tokens += tokens % count;
  return stages;
}

}  // namespace ctxcost
