#include "ctxcost/deployment/deployment.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/core/units.h"
#include "rank_weights.h"

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

/// Returns the experts of a kind whose weights a device reads for `tokens` tokens: all of them, or as many as the
/// tokens choose, spread evenly over the devices that hold them.
Count experts_read(const HeldExperts& experts, Count tokens) {
  const Count distinct = min(experts.count, tokens * experts.active);
  return min(experts.held, ceil_div(distinct * experts.held, experts.count));
}

Count expert_bytes(const RankWeights& weights, Count tokens, bool prefill) {
  Count bytes;
  for (const HeldExperts& experts : weights.experts) {
    if (prefill || experts.in_decode) bytes += experts.layers * experts_read(experts, tokens) * experts.bytes_each;
  }
  return bytes;
}

/// One type for all ranks, which is not a llama.cpp file type. The ranks' weights are counted from the whole model's.
Workload rank_workload(const Setup& setup) {
  Workload workload = setup.workload;
  workload.weights = parse_precision("fp8", "weights");
  workload.kv = setup.workload.kv.value_or(setup.model->kv);
  workload.convention =
      causal_convention();  // peaks count two FLOPs per multiply-add, and masked pairs are not computed
  return workload;
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

[[noreturn]] void fail(const Model& model, std::string message, std::string hint) {
  throw InputError(Diagnostic{model.name, "", std::move(message), std::move(hint)});
}

}  // namespace

/// One kind of device with its part of the model.
struct Deployment::Device {
  const Rank* rank;
  Estimator estimator;
  std::optional<RankWeights> weights;
  FeedForwardWork feed_forward;
};

/// Work and traffic of one device in one phase.
struct Deployment::Load {
  Count flops;
  Count bytes;
};

bool Margin::missed(Count usable, Count used) const {
  // A margin of 0 is off, even if more is used than a program may take by default.
  if (bytes ? *bytes == 0 : share.numerator == 0) return false;
  const Count free = minus_or_zero(usable, used);
  if (bytes) return free < *bytes;
  // This is not rounded, because the difference may be less than a byte.
  return free * share.denominator < usable * share.numerator;
}

std::string Margin::name() const { return bytes ? with_separators(*bytes) + " bytes" : percent_text(share); }

Count Parallelism::*spread_degree(const Engine& engine) {
  return engine.spread == Spread::layers ? &Parallelism::pipeline : &Parallelism::tensor;
}

Deployment::Deployment(Setup setup)
    : setup_(std::move(setup)),
      whole_(setup_.model, setup_.workload, setup_.engine, 1, engine_device(setup_.settings.gpu)),
      ranks_(split(*setup_.model, setup_.settings.parallelism)) {
  check_even(*setup_.model, setup_.settings.parallelism);
  const Workload workload = rank_workload(setup_);
  const auto& stored = whole_.stored_tensors();
  devices_.reserve(ranks_.size());
  for (const Rank& rank : ranks_) {
    devices_.push_back({&rank,
                        Estimator(rank.model, workload, setup_.engine, setup_.settings.parallelism.context_ranks(),
                                  engine_device(setup_.settings.gpu)),
                        stored ? std::optional(rank_weights(*setup_.model, *stored, rank)) : std::nullopt,
                        feed_forward_work(*setup_.model, rank)});
  }
}

Deployment::~Deployment() = default;
Deployment::Deployment(Deployment&&) noexcept = default;

Fraction Deployment::utilization() const {
  const DeploymentSettings& settings = setup_.settings;
  if (settings.utilization) return *settings.utilization;
  const Fraction engine{setup_.engine.engine->utilization_percent, 100};
  return settings.gpu && settings.gpu->unified_memory_usable ? engine * *settings.gpu->unified_memory_usable : engine;
}

std::optional<Count> Deployment::capacity() const {
  if (!setup_.settings.gpu) return std::nullopt;
  return utilization().of(setup_.settings.gpu->memory());
}

/// The tokens that a device works on: its part of them under context parallelism.
Count Deployment::rank_context(Count context) const { return ceil_div(context, setup_.settings.parallelism.context); }

std::vector<DeviceMemory> Deployment::memory(Count context, Count batch) const {
  std::vector<DeviceMemory> all;
  for (const Device& device : devices_) {
    const Estimate estimate = device.estimator.at(context, batch);
    DeviceMemory memory{
        device.rank->stage, device.rank->devices, std::nullopt, {}, {}, setup_.settings.overhead.value_or(0)};
    if (device.weights) memory.weights = device.weights->bytes;
    memory.kv_reserved = estimate.count(Metric::kv_reserved_bytes);
    const Count local = rank_context(context);
    memory.activations =
        (local == context ? estimate : device.estimator.at(local, batch)).count(Metric::activation_bytes);
    all.push_back(memory);
  }
  return all;
}

std::string_view Deployment::limit(const std::vector<DeviceMemory>& devices, Count context) const {
  if (beyond_positions(context)) return "positions";
  if (!within_window(context)) return "window";
  return memory_limit(devices);
}

std::string_view Deployment::memory_limit(const std::vector<DeviceMemory>& devices) const {
  const std::optional<Count>& kv_memory = setup_.settings.kv_memory;
  for (const DeviceMemory& device : devices) {
    if (kv_memory && device.kv_reserved.value_or(0) > *kv_memory) return "kv_cache";
  }
  const std::optional<Count> room = capacity();
  if (!room) return {};
  for (const DeviceMemory& device : devices) {
    Count used;
    const std::pair<std::string_view, std::optional<Count>> parts[] = {{"weights", device.weights},
                                                                       {"overhead", device.overhead},
                                                                       {"activations", device.activations},
                                                                       {"kv_cache", device.kv_reserved}};
    for (const auto& [name, bytes] : parts) {
      used += bytes.value_or(0);
      if (used > *room) return name;
    }
  }
  return {};
}

std::optional<Count> Deployment::window() const {
  const Positions& positions = setup_.model->positions;
  if (setup_.settings.beyond_window || !positions.trained_context) return std::nullopt;
  return max(*positions.trained_context, positions.effective_context.value_or(0));
}

bool Deployment::holds(Count context, Count batch) const {
  std::vector<DeviceMemory> devices;
  try {
    devices = memory(context, batch);
  } catch (const CountOverflow& overflow) {
    fail_overflow(context, batch, overflow);
  }
  for (const DeviceMemory& device : devices) {
    if (!device.kv_reserved) fail(*setup_.model, "its file does not say how large its state is", "");
    if (setup_.settings.gpu && !device.bytes()) {
      fail(*setup_.model, "its weights and activations are not known, so that nothing can be said to fit",
           "the file needs d_model, d_ff and vocab; or ask with a size of the cache (kv_memory), without a GPU");
    }
  }
  if (!setup_.settings.gpu && !setup_.settings.kv_memory) {
    throw InputError(setting_fault("gpu", "expected a GPU, found nothing",
                                   "`ctxcost list gpus` shows all; or give the size of the cache (kv_memory)"));
  }
  return !beyond_positions(context) && memory_limit(devices).empty();
}

std::string_view Deployment::memory_limit(Count context, Count batch) const {
  return beyond_positions(context) ? "positions" : memory_limit(memory(context, batch));
}

bool Deployment::beyond_positions(Count context) const {
  const std::optional<Count>& end = setup_.model->positions.hard_limit;
  return end && context > *end;
}

void Deployment::fail_overflow(Count context, Count batch, const CountOverflow& overflow) const {
  throw OverflowError(Diagnostic{setup_.model->name, "",
                                 "a count at context " + to_string(context) + ", batch " + to_string(batch) +
                                     " on these devices does not fit 128 bits",
                                 overflow.what()});
}

std::optional<Deployment::Load> Deployment::load(const Device& device, bool prefill, Count context, Count batch) const {
  if (!device.weights) return std::nullopt;
  const RankWeights& weights = *device.weights;
  const Parallelism& parallelism = setup_.settings.parallelism;
  const Count local = rank_context(context);
  const Count flops_per_mac = device.estimator.settings().convention.flops_per_mac;

  // The number of batches, or parts of their tokens, that the experts of one device group work on.
  const Count sharers = prefill ? parallelism.tensor : parallelism.tensor * parallelism.context;
  const Count batches = max(1, parallelism.expert_group() / sharers);
  const Count tokens = prefill ? batch * local : batch;
  const FeedForwardWork& ffn = device.feed_forward;
  const Count ffn_flops = (ffn.dense_macs + batches * ffn.routed_macs) * tokens * flops_per_mac;
  const Count counted = ffn.counted_macs * tokens * flops_per_mac;

  Load load;
  if (prefill) {
    // Tokens are divided: the device has the linear work of its own tokens and its share of the pairs.
    const Estimate whole = device.estimator.at(context, batch);
    const Estimate own = local == context ? whole : device.estimator.at(local, batch);
    const std::optional<Count> attention = whole.count(Metric::attention_flops);
    const std::optional<Count> linear = own.count(Metric::linear_flops);
    const std::optional<Count> logits = own.count(Metric::logits_flops);
    const std::optional<Count> state = whole.count(Metric::state_bytes);
    if (!attention || !linear || !logits || !state) return std::nullopt;
    load.flops = ceil_div(*attention, parallelism.context) + (*linear - counted) + ffn_flops + *logits;
    load.bytes = weights.prefill_bytes + tokens * weights.prefill_row_bytes +
                 expert_bytes(weights, batches * tokens, true) + *whole.count(Metric::kv_cache_bytes) + *state;
  } else {
    const DecodeStep whole = device.estimator.decode_step(context, batch);
    if (!whole.attention_flops || !whole.linear_flops || !whole.logits_flops) return std::nullopt;
    load.flops = ceil_div(*whole.attention_flops, parallelism.context) + (*whole.linear_flops - counted) + ffn_flops +
                 *whole.logits_flops;
    load.bytes = weights.decode_bytes + batch * weights.decode_row_bytes +
                 expert_bytes(weights, batches * tokens, false) + whole.cache_bytes + whole.state_bytes;
  }
  return load;
}

std::optional<PhaseTime> Deployment::time(bool prefill, Count context, Count batch) const {
  const std::optional<Accelerator>& gpu = setup_.settings.gpu;
  if (!gpu || context == 0 || (!prefill && !setup_.model->decodes())) return std::nullopt;
  const double peak = gpu->peak(setup_.model->activation).flops_per_s.to_double() * setup_.settings.mfu.value();
  const double bandwidth = gpu->bandwidth_bytes_per_s.to_double() * setup_.settings.mbu.value();
  PhaseTime sum;
  for (std::size_t i = 0; i < devices_.size();) {
    const Count stage = devices_[i].rank->stage;
    PhaseTime slowest;
    for (; i < devices_.size() && devices_[i].rank->stage == stage; ++i) {
      const std::optional<Load> work = load(devices_[i], prefill, context, batch);
      if (!work) return std::nullopt;
      const double compute = work->flops.to_double() / peak;
      const double memory = work->bytes.to_double() / bandwidth;
      if (const double seconds = std::max(compute, memory); seconds > slowest.seconds) {
        slowest = {seconds, compute, memory, {}};
      }
    }
    sum.seconds += slowest.seconds;
    sum.compute_seconds += slowest.compute_seconds;
    sum.memory_seconds += slowest.memory_seconds;
  }

  const Count ranks = setup_.settings.parallelism.tensor;
  if (ranks == 1) {
    sum.interconnect_seconds = 0;
  } else if (gpu->link_bytes_per_s && setup_.model->d_model) {
    // There is one all-reduce after the mixers of a layer and one after its feed-forward. In a ring, every device sends
    // 2 (t - 1) / t of the activations.
    Count reduces;
    for (const LayerGroup& group : setup_.model->groups) {
      const bool feed_forward = group.feed_forward.kind != FeedForwardKind::none;
      reduces += group.count() * ((group.mixers.empty() ? 0 : 1) + (feed_forward ? 1 : 0));
    }
    const Count tokens = prefill ? batch * rank_context(context) : batch;
    const Count bytes = tokens * *setup_.model->d_model * setup_.model->activation.row_bytes(1);
    const double share = 2 * (ranks.to_double() - 1) / ranks.to_double();
    sum.interconnect_seconds = (reduces * bytes).to_double() * share / gpu->link_bytes_per_s->to_double();
  }
  return sum;
}

void Deployment::set_capacity(DeploymentEstimate& result, Count context) const {
  std::optional<Count> tokens;
  std::optional<double> concurrency;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const DeviceMemory& memory = result.devices[i];
    std::optional<Count> available = setup_.settings.kv_memory;
    if (!available) {
      if (!result.capacity || !memory.weights || !memory.activations) return;
      available = minus_or_zero(*result.capacity, *memory.weights + *memory.activations + memory.overhead);
    }
    const Estimator& estimator = devices_[i].estimator;
    const Engine& engine = *setup_.engine.engine;
    const ReserveRequest request = estimator.request(context, 1);
    Count device_tokens;
    double device_concurrency = 0;
    if (engine.capacity != nullptr) {
      const CacheCapacity fit = engine.capacity(request, *available);
      if (fit.units_per_sequence == 0) continue;
      device_tokens = fit.tokens.value_or(fit.units * context / fit.units_per_sequence);
      device_concurrency = fit.units.to_double() / fit.units_per_sequence.to_double();
    } else {
      const Count one = engine.reserve(request).bytes;
      if (one == 0) continue;
      device_tokens = *available * context / one;
      device_concurrency = available->to_double() / one.to_double();
    }
    tokens = tokens ? min(*tokens, device_tokens) : device_tokens;
    concurrency = concurrency ? std::min(*concurrency, device_concurrency) : device_concurrency;
  }
  if (tokens) result[Metric::kv_capacity_tokens] = *tokens;
  if (concurrency) result[Metric::max_concurrency] = *concurrency;
}

/// The first rank of each stage, which holds most, stands for the others.
std::optional<Count> Deployment::critical_batch() const {
  const std::optional<Accelerator>& gpu = setup_.settings.gpu;
  if (!gpu || !setup_.model->decodes()) return std::nullopt;
  const Parallelism& parallelism = setup_.settings.parallelism;
  const Count batches = max(1, parallelism.expert_group() / (parallelism.tensor * parallelism.context));
  Count flops, bytes, row_bytes;  // of one sequence; of any batch; of one sequence
  std::vector<const RankWeights*> stages;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const Device& device = devices_[i];
    if (i > 0 && devices_[i - 1].rank->stage == device.rank->stage) continue;
    const DecodeStep step = device.estimator.decode_step(1, 1);
    if (!device.weights || !step.linear_flops || !step.logits_flops) return std::nullopt;
    const FeedForwardWork& ffn = device.feed_forward;
    flops += *step.linear_flops + *step.logits_flops +
             (ffn.dense_macs + batches * ffn.routed_macs) * device.estimator.settings().convention.flops_per_mac -
             ffn.counted_macs * device.estimator.settings().convention.flops_per_mac;
    bytes += device.weights->decode_bytes;
    row_bytes += device.weights->decode_row_bytes;
    stages.push_back(&*device.weights);
  }
  const Fraction& mfu = setup_.settings.mfu;
  const Fraction& mbu = setup_.settings.mbu;
  const Count peak = gpu->peak(setup_.model->activation).flops_per_s * mfu.numerator * mbu.denominator;
  const Count bandwidth = gpu->bandwidth_bytes_per_s * mbu.numerator * mfu.denominator;
  try {
    return first_that(kMostSequences, [&](Count b) {
      Count read = bytes + b * row_bytes;
      for (const RankWeights* weights : stages) read += expert_bytes(*weights, batches * b, false);
      return b * flops * bandwidth >= read * peak;
    });
  } catch (const CountOverflow&) {
    return std::nullopt;  // larger than any batch
  }
}

std::optional<Count> Deployment::kv_equals_weights(Count batch) const {
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
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (i > 0 && devices_[i - 1].rank->stage == devices_[i].rank->stage) continue;
    if (!devices_[i].weights) return std::nullopt;
    stages.push_back(&devices_[i]);
    weights += devices_[i].weights->decode_bytes + expert_bytes(*devices_[i].weights, batches * batch, false);
  }
  const auto reaches = [&](Count n) {
    Count traffic;
    for (const Device* device : stages) traffic += device->estimator.decode_step(n, batch).cache_bytes;
    return traffic >= weights;
  };
  const std::optional<Count> found = first_that(kMostTokens, reaches);
  if (!found || traffic_never_falls(*setup_.model)) return found;
  // Traffic falls where a chunk or segment begins. The kept cache never falls and gives the first candidate.
  const Count least = first_that(kMostTokens, [&](Count n) {
                        Count kept;
                        for (const Device* device : stages) {
                          kept += *device->estimator.at(n, batch).count(Metric::kv_cache_bytes);
                        }
                        return kept >= weights;
                      }).value_or(*found);
  Count n = max(least, minus_or_zero(*found, kMostSteps));
  while (n < *found && !reaches(n)) n += 1;
  return min(n, *found);
}

DeploymentEstimate Deployment::at(Count context, Count batch) const {
  try {
    DeploymentEstimate result;
    result.model = whole_.at(context, batch);
    result.devices = memory(context, batch);
    result.capacity = capacity();
    std::optional<Count> total = Count{};
    for (std::size_t i = 0; i < result.devices.size(); ++i) {
      const std::optional<Count> bytes = result.devices[i].bytes();
      if (!bytes || !total) {
        total.reset();
        continue;
      }
      *total += result.devices[i].devices * *bytes;
      if (*bytes > *result.devices[result.largest].bytes()) result.largest = i;
    }
    const DeviceMemory& largest = result.devices[result.largest];
    if (largest.kv_reserved) result[Metric::device_kv_bytes] = *largest.kv_reserved;
    if (total) {
      const Count bytes = *largest.bytes();
      result[Metric::device_bytes] = bytes;
      result[Metric::total_bytes] = *total;
      if (result.capacity) {
        result[Metric::headroom_bytes] = *result.capacity >= bytes ? MetricValue(*result.capacity - bytes)
                                                                   : MetricValue(Negative{bytes - *result.capacity});
      }
    }
    if (context > 0) set_capacity(result, context);
    result.prefill = time(true, context, batch);
    result.decode = time(false, context, batch);
    if (result.prefill) result[Metric::prefill_seconds] = result.prefill->seconds;
    if (result.decode) {
      result[Metric::decode_seconds_per_token] = result.decode->seconds;
      if (result.decode->seconds > 0) {
        result[Metric::decode_tokens_per_second] = batch.to_double() / result.decode->seconds;
      }
    }
    if (const std::optional<Count> found = critical_batch()) result[Metric::critical_batch] = *found;
    if (const std::optional<Count> found = kv_equals_weights(batch)) {
      result[Metric::kv_equals_weights_context] = *found;
    }
    result.limit = limit(result.devices, context);
    const bool known = setup_.settings.gpu ? total.has_value() : setup_.settings.kv_memory.has_value();
    result.fits = known && result.limit.empty();
    if (result.fits && setup_.settings.gpu) {
      result.tight = setup_.settings.margin.missed(setup_.settings.gpu->usable_memory(), *largest.bytes());
    }
    return result;
  } catch (const CountOverflow& overflow) {
    fail_overflow(context, batch, overflow);
  }
}

std::vector<std::string> Deployment::engine_notes(Count context, Count batch) const {
  Reserve largest;
  for (const Device& device : devices_) {
    Reserve reserve = setup_.engine.engine->reserve(device.estimator.request(context, batch));
    if (&device == devices_.data() || reserve.bytes > largest.bytes) largest = std::move(reserve);
  }
  return std::move(largest.notes);
}

std::vector<std::string> Deployment::notes() const {
  std::vector<std::string> notes;
  const DeploymentSettings& settings = setup_.settings;
  if (settings.gpu) {
    if (!settings.gpu->assumption.empty()) notes.push_back(settings.gpu->assumption);
    const Accelerator::Peak peak = settings.gpu->peak(setup_.model->activation);
    if (peak.fallback) {
      notes.push_back("no peak is published for " + setup_.model->activation.name() + " on " + settings.gpu->id +
                      ": that of " + peak.type + " is taken");
    }
    if (!settings.gpu->memory_reported_mib) {
      notes.push_back("what " + settings.gpu->id +
                      " reports as its memory is not published: the nominal size is taken");
    }
    if (settings.gpu->unified_memory_usable && !settings.utilization) {
      notes.push_back("the memory of " + settings.gpu->id + " is unified: a program may take " +
                      percent_text(*settings.gpu->unified_memory_usable) + " of it (change this with utilization)");
    }
    const KvPrecision& kv = whole_.kv();
    for (const Precision* type : {&kv.key, &kv.value}) {
      if (engines_keep_cache(type->format(), settings.gpu) || (type == &kv.value && kv.key == kv.value)) continue;
      notes.push_back(type->format().cards == CacheCards::none
                          ? "no engine keeps a cache in " + type->name()
                          : "engines do not keep a cache in " + type->name() + " on " + settings.gpu->id);
    }
  }
  const std::string_view not_counted = setup_.engine.engine->not_counted;
  if (!not_counted.empty() && !settings.overhead) {
    notes.push_back("not counted (overhead): " + std::string(not_counted));
  }
  const Parallelism& parallelism = settings.parallelism;
  if (parallelism.tensor > 1) {
    for (const LayerGroup& group : setup_.model->groups) {
      const auto replicated = std::find_if(group.mixers.begin(), group.mixers.end(), [&](const auto& mixer) {
        return std::any_of(mixer->cache().begin(), mixer->cache().end(), [&](const CachePart& part) {
          return part.role == CacheRole::latent || (part.role == CacheRole::key && part.heads < parallelism.tensor);
        });
      });
      if (replicated == group.mixers.end()) continue;
      notes.push_back("tp=" + to_string(parallelism.tensor) +
                      ": several devices hold copies of latent caches and of caches with fewer KV heads than devices");
      break;
    }
  }
  if (parallelism.data > 1) notes.push_back("dp=" + to_string(parallelism.data) + ": the batch is per replica");
  return notes;
}

std::string Deployment::margin_note(const DeploymentEstimate& estimate) const {
  if (!estimate.tight) return {};
  const DeploymentSettings& settings = setup_.settings;
  return "tight: less than " + settings.margin.name() + " of the " + with_separators(settings.gpu->usable_memory()) +
         " usable bytes of " + settings.gpu->id + " stays free (margin)";
}

}  // namespace ctxcost
