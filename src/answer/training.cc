#include "ctxcost/answer/training.h"

#include <algorithm>
#include <utility>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "model/most_kinds.h"

namespace ctxcost {
namespace {

constexpr double kSecondsPerHour = 3600;

/// Of the type that is asked for, else of bf16, in which mixed precision multiplies.
Accelerator::Peak training_peak(const TrainingQuestion& asked) {
  return asked.activations ? asked.gpu->peak(*asked.activations) : asked.gpu->peak("bf16");
}

Estimator estimator_of(const TrainingQuestion& asked, const Convention& convention) {
  Workload settings;
  settings.convention = convention;
  return Estimator(asked.model, settings);
}

/// Peaks count two FLOPs a multiply-add, and no masked pair is computed.
bool counts_as_devices_do(const Convention& convention) {
  return convention.flops_per_mac == 2 && convention.pairs == PairRule::exact;
}

std::optional<double> device_hours_of(const TrainingQuestion& asked, const std::optional<Count>& flops) {
  if (!asked.gpu || !flops) return std::nullopt;
  const double rate = training_peak(asked).flops_per_s.to_double() * asked.mfu.value_or(Fraction{}).value();
  return flops->to_double() / rate / kSecondsPerHour;
}

void set_work(TrainingAnswer& answer) {
  const TrainingQuestion& asked = answer.asked;
  const Estimator estimator = estimator_of(asked, asked.convention);
  const Estimator causal = estimator_of(asked, causal_convention());
  std::vector<TrainingWork> works;
  std::optional<Count> causal_flops = Count{};
  for (const TrainingStage& stage : asked.stages) {
    const TrainingWork& work = works.emplace_back(training_work(estimator, stage, asked.method));
    const std::optional<Count> timed = !asked.gpu || counts_as_devices_do(asked.convention)
                                           ? work.flops()
                                           : training_work(causal, stage, asked.method).flops();
    causal_flops = known_sum(causal_flops, timed);
    answer.stages.push_back({stage, work, device_hours_of(asked, timed)});
    answer.context = max(answer.context, stage.context);
  }
  answer.total = sum_of(works);
  answer.device_hours = device_hours_of(asked, causal_flops);
  const auto all_at = [&](Count context) {
    return TrainingAlternative{context,
                               training_work(estimator, at_context(asked.stages, context), asked.method).flops()};
  };
  answer.tokens = at_context(asked.stages, answer.context).tokens;
  answer.baseline = all_at(asked.baseline_context);
  answer.from_start = all_at(asked.stages.back().context);
}

void set_price(TrainingAnswer& answer) {
  const TrainingQuestion& asked = answer.asked;
  answer.watts = device_watts(asked.watts, asked.gpu);
  if (!answer.device_hours) return;
  answer.hours = *answer.device_hours / asked.placement.parallelism.devices().to_double();
  if (asked.usd_per_hour) answer.usd = *answer.device_hours * *asked.usd_per_hour;
  if (answer.watts) answer.joules = *answer.device_hours * kSecondsPerHour * *answer.watts;
}

void set_memory(TrainingAnswer& answer) {
  const TrainingQuestion& asked = answer.asked;
  answer.devices = training_memory(asked.model, asked.method, asked.placement, answer.context, asked.batch);
  answer.total_bytes = Count{};
  for (std::size_t i = 0; i < answer.devices.size(); ++i) {
    const TrainingDevice& device = answer.devices[i];
    const std::optional<Count> bytes = device.bytes();
    answer.total_bytes = known_sum(answer.total_bytes, bytes ? std::optional(device.devices * *bytes) : std::nullopt);
    if (bytes.value_or(0) > answer.device_bytes().value_or(0)) answer.largest = i;
  }
  if (!asked.gpu) return;
  const Count usable = asked.gpu->usable_memory();
  answer.capacity = asked.utilization ? asked.utilization->of(asked.gpu->memory()) : usable;
  const std::optional<Count> bytes = answer.device_bytes();
  if (!bytes) return;
  answer.fits = *bytes <= *answer.capacity;
  answer.tight = answer.fits && asked.margin.missed(usable, *bytes);
}

/// Stages whose tokens are no whole number of sequences.
std::string last_sequence_note(const TrainingAnswer& answer) {
  std::string text;
  for (std::size_t i = 0; i < answer.stages.size(); ++i) {
    const Count last = answer.stages[i].work.last_sequence;
    if (last == 0) continue;
    text += format("{}{} of stage {}", text.empty() ? "" : ", ", with_separators(last), i + 1);
  }
  return text.empty() ? text : "the last sequence is shorter, and counted at its own length: tokens " + text;
}

std::string recompute_note(const TrainingMethod& method) {
  if (!method.flash) return {};
  if (method.recompute == Recompute::selective) {
    return "selective recompute adds nothing to flash attention, which keeps no scores and computes them again";
  }
  return "hardware FLOPs have the scores that flash attention computes again: attention x 3.5/3, of mixers with scores";
}

}  // namespace

std::string_view TrainingAnswer::verdict() const {
  if (!capacity || !device_bytes()) return {};
  return fit_verdict(fits, tight);
}

MetricValue TrainingAnswer::headroom() const {
  const std::optional<Count> bytes = device_bytes();
  if (!capacity || !bytes) return {};
  if (*bytes > *capacity) return Negative{*bytes - *capacity};
  return *capacity - *bytes;
}

std::optional<double> attention_share(const TrainingWork& work) {
  const std::optional<Count> flops = work.flops();
  if (!flops || *flops == 0) return std::nullopt;
  return work.attention_flops->to_double() / flops->to_double();
}

TrainingAnswer train(TrainingQuestion question) {
  TrainingAnswer answer;
  answer.asked = std::move(question);
  check_kinds(*answer.asked.model, "to train");
  set_work(answer);
  set_price(answer);
  set_memory(answer);
  return answer;
}

std::vector<std::string> notes(const TrainingAnswer& answer) {
  const TrainingQuestion& asked = answer.asked;
  const Model& model = *asked.model;
  std::vector<std::string> all;
  const auto add = [&all](std::string note) {
    if (!note.empty() && std::find(all.begin(), all.end(), note) == all.end()) all.push_back(std::move(note));
  };
  add(last_sequence_note(answer));
  add(recompute_note(asked.method));
  if (asked.gpu) {
    const Accelerator::Peak peak = training_peak(asked);
    add(format("device-hours: model FLOPs of the causal count at {} of the {} peak, {}/s",
               asked.mfu ? percent_text(*asked.mfu) : "100%, a bound,", peak.type,
               short_work(peak.flops_per_s, "FLOPs")));
    if (asked.activations && !peak.missing.empty()) {
      add(format("no peak is published for {} on {}: that of {} is taken", peak.missing, asked.gpu->id, peak.type));
    }
    if (!answer.watts) add(format("the board power of {} is not in the catalogue: no energy", asked.gpu->id));
  }
  const Parallelism& split = asked.placement.parallelism;
  if (split.pipeline > 1) {
    add(format("activations: stage 1 of {} keeps {} micro-batches, each further stage one less",
               to_string(split.pipeline), to_string(split.pipeline)));
  }
  if (asked.method.recompute == Recompute::full) {
    add("activations: the inputs of all layers, and what the largest layer keeps while it is computed again");
  }
  if (model.has_encoder() && model.decodes()) {
    add("a token is one of the encoder and one of the decoder: all parameters count for both");
  }
  if (answer.devices.back().parameters && answer.devices.back().logits == 0) {
    add("the model has no head: no logits are counted");
  }
  bool without_scores = false;
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) without_scores = without_scores || mixer->score_heads() == 0;
  }
  if (without_scores) add("of mixers without scores nothing is counted as recomputed, and no inner state is kept");
  const Estimator estimator = estimator_of(asked, asked.convention);
  const EstimateDetails details = estimator.details(answer.context, asked.batch);
  for (const std::string& note : details.notes) add(note);
  if (model.positions.hard_limit && answer.context > *model.positions.hard_limit) {
    add(format("positions end at {} tokens: a longer table must be trained",
               with_separators(*model.positions.hard_limit)));
  }
  return all;
}

}  // namespace ctxcost
