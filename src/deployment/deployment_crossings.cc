// Of deployment.h: the batch and the context from which another side of a decode step is the longer one.
#include "ctxcost/deployment/deployment.h"

#include <algorithm>
#include <functional>

#include "deployment.h"

namespace ctxcost {
namespace {

/// Searches stop here: a larger answer counts as unbounded.
constexpr Count kMostSequences = std::uint64_t{1} << 40;

constexpr Count kMostTokens = std::uint64_t{1} << 50;

/// The number of contexts to try one by one where a cache's traffic may fall.
constexpr Count kMostSteps = 1 << 17;

/// Returns the first value of [1, most] for which `holds` is true. `holds` must be monotone. Empty if it is never true.
std::optional<Count> first_that(Count most, const std::function<bool(Count)>& holds) {
  Count low = 0;
  Count high = 1;
  while (!holds(high)) {
    if (high >= most) return std::nullopt;
    low = high;
    high = high * 2;
  }
  while (low + 1 < high) {
    const Count middle = (low + high) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}

/// Returns whether a decode step never reads less of any cache at a longer context.
bool traffic_never_falls(const Model& model) {
  for (const LayerGroup& group : model.groups) {
    for (const auto& mixer : group.mixers) {
      if (!mixer->traits().traffic_never_falls) return false;
    }
  }
  return true;
}

}  // namespace

/// The first rank of each stage, which holds most, stands for the others.
std::optional<Count> Deployment::critical_batch() const {
  if (!setup_.settings.has_cards() || !setup_.model->decodes() || host_works()) return std::nullopt;
  if (setup_.settings.machine) return critical_batch_of_machine();
  const Parallelism& parallelism = setup_.settings.parallelism;
  const Count batches = max(1, parallelism.expert_group() / (parallelism.tensor * parallelism.context));
  Count flops, bytes, row_bytes;  // of one sequence; of any batch; of one sequence
  std::vector<const RankWeights*> stages;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const Device& device = devices_[i];
    if (i > 0 && devices_[i - 1].rank->stage == device.rank->stage) continue;
    const DecodeStep step = device.estimator->decode_step(1, 1);
    if (!device.weights || !step.linear_flops || !step.logits_flops) return std::nullopt;
    const FeedForwardWork& ffn = device.feed_forward;
    flops += *step.linear_flops + *step.logits_flops +
             (ffn.dense_macs + batches * ffn.routed_macs) * device.estimator->settings().convention.flops_per_mac -
             ffn.counted_macs * device.estimator->settings().convention.flops_per_mac;
    bytes += device.weights->decode_bytes;
    row_bytes += device.weights->decode_row_bytes;
    stages.push_back(&*device.weights);
  }
  const Fraction& mfu = setup_.settings.mfu;
  const Fraction& mbu = setup_.settings.mbu;
  const Count peak = cards_.front().peak->flops_per_s * mfu.numerator * mbu.denominator;
  const Count bandwidth = setup_.settings.gpu->bandwidth_bytes_per_s * mbu.numerator * mfu.denominator;
  try {
    return first_that(kMostSequences, [&](Count b) {
      Count read = bytes + b * row_bytes;
      for (const RankWeights* weights : stages) read += expert_bytes(weights->experts, batches * b, false);
      return b * flops * bandwidth >= read * peak;
    });
  } catch (const CountOverflow&) {
    return std::nullopt;  // larger than any batch
  }
}

/// Cards of several peaks: stages run one after another, and the slowest card of each bounds it. The times are real
/// numbers, as those of a step are.
std::optional<Count> Deployment::critical_batch_of_machine() const {
  const Parallelism& parallelism = setup_.settings.parallelism;
  const Count batches = max(1, parallelism.expert_group() / (parallelism.tensor * parallelism.context));
  double mac_seconds = 0;  // of one sequence
  for (std::size_t i = 0; i < devices_.size();) {
    double slowest = 0;
    for (const Device& device : stage_from(i)) {
      ++i;
      const DecodeStep step = device.estimator->decode_step(1, 1);
      if (!device.weights || !step.linear_flops || !step.logits_flops) return std::nullopt;
      const FeedForwardWork& ffn = device.feed_forward;
      const Count per_mac = device.estimator->settings().convention.flops_per_mac;
      const Count flops = *step.linear_flops + *step.logits_flops +
                          (ffn.dense_macs + batches * ffn.routed_macs) * per_mac - ffn.counted_macs * per_mac;
      slowest = std::max(slowest, flops.to_double() / cards_[device.rank->card].peak->flops_per_s.to_double());
    }
    mac_seconds += slowest / setup_.settings.mfu.value();
  }
  const auto read_seconds = [&](Count b) {
    double seconds = 0;
    for (std::size_t i = 0; i < devices_.size();) {
      double slowest = 0;
      for (const Device& device : stage_from(i)) {
        ++i;
        const RankWeights& weights = *device.weights;
        const Count read =
            weights.decode_bytes + b * weights.decode_row_bytes + expert_bytes(weights.experts, batches * b, false);
        const Count bandwidth = accelerator(device.rank->card)->bandwidth_bytes_per_s;
        slowest = std::max(slowest, read.to_double() / bandwidth.to_double());
      }
      seconds += slowest / setup_.settings.mbu.value();
    }
    return seconds;
  };
  try {
    return first_that(kMostSequences, [&](Count b) { return b.to_double() * mac_seconds >= read_seconds(b); });
  } catch (const CountOverflow&) {
    return std::nullopt;  // larger than any batch
  }
}

std::optional<Count> Deployment::kv_equals_weights(Count batch) const {
  const std::scoped_lock lock(crossings_->mutex);
  const auto [entry, is_new] = crossings_->by_batch.try_emplace(batch);
  if (is_new) entry->second = find_crossing(batch);
  return entry->second;
}

std::optional<Count> Deployment::find_crossing(Count batch) const {
  if (!setup_.model->decodes()) return std::nullopt;
  try {
    return kv_traffic_reaches_weights(batch);
  } catch (const CountOverflow&) {
    return std::nullopt;  // larger than any context
  } catch (const OverflowError&) {
    return std::nullopt;
  }
}

std::optional<Count> Deployment::kv_traffic_reaches_weights(Count batch) const {
  const Parallelism& parallelism = setup_.settings.parallelism;
  const Count batches = max(1, parallelism.expert_group() / (parallelism.tensor * parallelism.context));
  std::vector<const Device*> stages;
  Count weights;
  const auto add = [&](const Device& device) {
    stages.push_back(&device);
    weights += device.weights->decode_bytes + expert_bytes(device.weights->experts, batches * batch, false) +
               expert_bytes(device.weights->host_experts, batches * batch, false);
  };
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (i > 0 && devices_[i - 1].rank->stage == devices_[i].rank->stage) continue;
    if (!devices_[i].weights) return std::nullopt;
    add(devices_[i]);
  }
  if (!hosts_.empty()) add(hosts_.front());
  const auto reaches = [&](Count n) {
    Count traffic;
    for (const Device* device : stages) traffic += device->estimator->decode_cache_bytes(n, batch);
    return traffic >= weights;
  };
  const std::optional<Count> found = first_that(kMostTokens, reaches);
  if (!found || traffic_never_falls(*setup_.model)) return found;
  // Traffic falls where a chunk or segment begins. The kept cache never falls and gives the first candidate.
  const Count least = first_that(kMostTokens, [&](Count n) {
                        Count kept;
                        for (const Device* device : stages) {
                          kept += *device->estimator->at(n, batch).count(Metric::kv_cache_bytes);
                        }
                        return kept >= weights;
                      }).value_or(*found);
  Count n = max(least, minus_or_zero(*found, kMostSteps));
  while (n < *found && !reaches(n)) n += 1;
  return min(n, *found);
}

}  // namespace ctxcost
