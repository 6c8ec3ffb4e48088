// Of deployment.h: the work and the traffic of a device, and bounds on the time of a phase.
#include "ctxcost/deployment/deployment.h"

#include <algorithm>
#include <span>

#include "deployment.h"
#include "mix_estimate.h"

namespace ctxcost {
namespace {

/// Returns the type, as cards publish its peak, in which kernels multiply weights of a stored type ("int4:group=32").
/// Empty if that is the model's own type, also for types that only a file knows.
std::string_view multiplied_in(std::string_view stored) {
  const std::string_view name = format_name(stored);
  for (const Format& format : formats()) {
    if (format.name == name) return format.multiplied_in;
  }
  return {};
}

/// Returns the bytes of an element of a type whose peak cards publish.
double bytes_of_peak(std::string_view type) {
  if (type == "fp4") return 0.5;
  if (type == "fp8" || type == "int8") return 1;
  return type == "fp16" || type == "bf16" ? 2 : 4;
}

/// Returns whether a norm separates the mixers from the feed-forward, which then needs their whole sum.
bool norm_between(const LayerGroup& group) {
  return std::any_of(group.extras.begin(), group.extras.end(), [](const Tensor& tensor) {
    return tensor.name == "ffn_norm" || tensor.name == "post_attention_norm" || tensor.name == "attn_output_norm";
  });
}

}  // namespace

/// The types, as cards publish their peaks, in which kernels multiply the weights, besides the model's own.
std::vector<std::string_view> Deployment::multiplied_types() const {
  std::vector<std::string_view> types;
  const auto& stored = whole_->stored_tensors();
  if (!stored) return types;
  std::string_view last;  // of the types: neighbours mostly have the same
  for (const StoredTensor& entry : *stored) {
    if (entry.tensor.use != TensorUse::linear || entry.type == last) continue;
    last = entry.type;
    const std::string_view type = multiplied_in(entry.type);
    if (!type.empty() && std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  return types;
}

/// A bound may not be slower than any kernel. So the fastest type counts for all products, also for those of attention:
/// kernels in 8 bits exist (FlashAttention-3), as do kernels that unpack to the model's type.
Accelerator::Peak Deployment::peak_on(const Accelerator& gpu, const std::vector<std::string_view>& multiplied) const {
  Accelerator::Peak fastest = gpu.peak(setup_.model->activation);
  for (const std::string_view type : multiplied) {
    Accelerator::Peak peak = gpu.peak(type);
    if (peak.flops_per_s > fastest.flops_per_s) {
      fastest = std::move(peak);
    } else if (!peak.missing.empty() && fastest.missing.empty()) {
      fastest.missing = std::move(peak.missing);
    }
  }
  return fastest;
}

/// The tokens that a device computes in a step. A shared prefix is computed once.
Count Deployment::step_tokens(const Device& device, bool prefill, const Point& point) const {
  if (!prefill) return point.sequences;
  const Point part = local(point);
  if (!part.mix) return part.sequences * part.context;
  const Count shared = shared_tokens_of(*device.estimator, *part.mix) / part.ranks;
  return part.mix->tokens() - minus_or_zero(part.sequences, 1) * shared;
}

std::optional<Deployment::Load> Deployment::load(const Device& device, bool prefill, const Point& point) const {
  if (!device.weights) return std::nullopt;
  const RankWeights& weights = *device.weights;
  const Parallelism& parallelism = setup_.settings.parallelism;
  const Count context = point.context;
  const Count batch = point.sequences;
  const Count local = rank_context(context);
  const Count flops_per_mac = device.estimator->settings().convention.flops_per_mac;

  // The number of batches, or parts of their tokens, that the experts of one device group work on.
  const Count sharers = prefill ? parallelism.tensor : parallelism.tensor * parallelism.context;
  const Count batches = max(1, parallelism.expert_group() / sharers);
  const Count tokens = step_tokens(device, prefill, point);
  const FeedForwardWork& ffn = device.feed_forward;
  const Count ffn_flops = (ffn.dense_macs + batches * ffn.routed_macs) * tokens * flops_per_mac;
  const Count counted = ffn.counted_macs * tokens * flops_per_mac;

  Load load;
  Count cache;
  if (prefill) {
    // Tokens are divided: the device has the linear work of its own tokens and its share of the pairs.
    const Estimate whole = estimate(*device.estimator, point, MetricSet::all());
    const Estimate own = local == context ? whole
                                          : estimate(*device.estimator, this->local(point),
                                                     {Metric::linear_flops, Metric::logits_flops});
    const std::optional<Count> attention = whole.count(Metric::attention_flops);
    const std::optional<Count> linear = own.count(Metric::linear_flops);
    const std::optional<Count> logits = own.count(Metric::logits_flops);
    const std::optional<Count> state = whole.count(Metric::state_bytes);
    if (!attention || !linear || !logits || !state) return std::nullopt;
    load.flops = ceil_div(*attention, parallelism.context) + (*linear - counted) + ffn_flops + *logits;
    load.bytes = weights.prefill_bytes + tokens * weights.prefill_row_bytes;
    cache = *whole.count(Metric::kv_cache_bytes) + *state;
  } else {
    const DecodeStep whole =
        point.mix ? mix_decode_step(*device.estimator, *point.mix) : device.estimator->decode_step(context, batch);
    if (!whole.attention_flops || !whole.linear_flops || !whole.logits_flops) return std::nullopt;
    load.flops = ceil_div(*whole.attention_flops, parallelism.context) + (*whole.linear_flops - counted) + ffn_flops +
                 *whole.logits_flops;
    load.bytes = weights.decode_bytes + batch * weights.decode_row_bytes;
    cache = whole.cache_bytes + whole.state_bytes;
  }
  load.bytes += expert_bytes(weights.experts, batches * tokens, prefill);
  load.host_bytes = expert_bytes(weights.host_experts, batches * tokens, prefill);
  if (setup_.settings.adapters) {
    if (!device.adapters) return std::nullopt;
    const DeviceAdapters& adapters = *device.adapters;
    const Count dense = prefill ? adapters.prefill_macs : adapters.decode_macs;
    load.flops += tokens * (dense + batches * adapters.routed_macs) * flops_per_mac;
    load.bytes += adapters.bytes_read(batch, batches * tokens, prefill, false);
    load.host_bytes += adapters.bytes_read(batch, batches * tokens, prefill, true);
  }
  (placement_ && placement_->host_cache ? load.host_bytes : load.bytes) += cache;
  return load;
}

/// The sums of one stage's layers: one after the mixers and one after the feed-forward. Where the two stand side by
/// side (Falcon, GPT-J), one sum is enough [vllm model_executor/models/falcon.py]. Routed experts on ranks of their own
/// exchange tokens, which may be fewer.
std::optional<double> Deployment::interconnect_seconds(std::span<const Device> devices, Count tokens) const {
  const Parallelism& parallelism = setup_.settings.parallelism;
  if (parallelism.tensor == 1) return 0.0;
  // Where cards differ, all of them wait for the slowest link that is known.
  const Model& stage = *devices.front().rank->model;
  const double element = setup_.model->activation.row_bytes(1).to_double();
  std::optional<Count> link;
  double result_bytes = element;
  for (const Device& device : devices) {
    const std::size_t card = device.rank->card;
    const std::optional<Count>& own = accelerator(card)->link_bytes_per_s;
    if (own && (!link || *own < *link)) link = own;
    result_bytes = std::min(result_bytes, bytes_of_peak(cards_[card].peak->type));
  }
  if (!link || !stage.d_model) return std::nullopt;
  Count sums;
  for (const LayerGroup& group : stage.groups) {
    // The encoder of a model that decodes works once, on tokens of its own.
    if (group.stack == Stack::encoder && setup_.model->decodes()) continue;
    const bool mixes = !group.mixers.empty();
    const bool exchanges = group.feed_forward.experts && parallelism.expert > 1;
    const bool feeds = group.feed_forward.kind != FeedForwardKind::none && !exchanges;
    sums += group.count() * (mixes && feeds ? (norm_between(group) ? 2 : 1) : mixes || feeds ? 1 : 0);
  }
  // Of each sum a device sends the parts of the t - 1 others, in the model's type. Of its own part it sends the result,
  // once if switches copy it (NVLink SHARP), in the type that the next product multiplies
  // [vllm compilation/collective_fusion.py AllGatherScaledMMPattern]. A ring sends no less.
  const double ranks = parallelism.tensor.to_double();
  const double bytes_each = ((ranks - 1) * element + result_bytes) / ranks;
  return (sums * tokens * *stage.d_model).to_double() * bytes_each / link->to_double();
}

/// The devices of the stage whose first device has that index.
std::span<const Deployment::Device> Deployment::stage_from(std::size_t first) const {
  std::size_t end = first;
  while (end < devices_.size() && devices_[end].rank->stage == devices_[first].rank->stage) ++end;
  return std::span(devices_).subspan(first, end - first);
}

std::optional<PhaseTime> Deployment::time(bool prefill, const Point& point) const {
  const DeploymentSettings& settings = setup_.settings;
  if (!settings.has_cards() || point.context == 0 || (!prefill && !setup_.model->decodes())) return std::nullopt;
  const std::optional<Count>& host_bandwidth = setup_.settings.host_bandwidth;
  if (!host_bandwidth && host_works()) return std::nullopt;
  PhaseTime sum;
  sum.interconnect_seconds = 0;
  Count host_bytes;
  for (std::size_t i = 0; i < devices_.size();) {
    const std::span<const Device> stage = stage_from(i);
    i += stage.size();
    const std::optional<double> link = interconnect_seconds(stage, step_tokens(stage.front(), prefill, point));
    PhaseTime slowest;
    for (const Device& device : stage) {
      const std::optional<Load> work = load(device, prefill, point);
      if (!work) return std::nullopt;
      const Accelerator& gpu = *accelerator(device.rank->card);
      const double peak = cards_[device.rank->card].peak->flops_per_s.to_double() * settings.mfu.value();
      const double compute = work->flops.to_double() / peak;
      const double memory = work->bytes.to_double() / (gpu.bandwidth_bytes_per_s.to_double() * settings.mbu.value());
      host_bytes += device.rank->devices * work->host_bytes;
      if (const double seconds = std::max({compute, memory, link.value_or(0)}); seconds > slowest.seconds) {
        slowest = {
            .seconds = seconds, .compute_seconds = compute, .memory_seconds = memory, .interconnect_seconds = link};
      }
    }
    sum.seconds += slowest.seconds;
    sum.compute_seconds += slowest.compute_seconds;
    sum.memory_seconds += slowest.memory_seconds;
    if (sum.interconnect_seconds && link) {
      *sum.interconnect_seconds += *link;
    } else {
      sum.interconnect_seconds.reset();
    }
  }
  if (!hosts_.empty() && host_bandwidth) {
    const std::optional<Load> work = load(hosts_.front(), prefill, point);
    if (!work) return std::nullopt;
    host_bytes += setup_.settings.parallelism.data * (work->bytes + work->host_bytes);
    sum.host_seconds = host_bytes.to_double() / host_bandwidth->to_double();
    sum.memory_seconds += *sum.host_seconds;
    sum.seconds += *sum.host_seconds;
  }
  return sum;
}

}  // namespace ctxcost
