#include "ctxcost/estimate/metric.h"

namespace ctxcost {
namespace {

constexpr MetricInfo kMetrics[] = {
    {Metric::context, "context", Unit::tokens, "Tokens (n)", "tokens of a sequence", Worse::neither},
    {Metric::batch, "batch", Unit::sequences, "Batch", "sequences", Worse::neither},
    {Metric::scores_per_head, "scores_per_head", Unit::pairs, "Attn Scores",
     "score pairs of one head of one sequence; null unless all layers agree"},
    {Metric::scores_per_layer, "scores_per_layer", Unit::pairs, "Attn Scores/layer",
     "score pairs of one layer, all heads and sequences"},
    {Metric::scores, "scores", Unit::pairs, "Attn Scores (total)", "score pairs of the model"},
    {Metric::attention_macs, "attention_macs", Unit::macs, "Attn MACs", "multiply-adds of sequence mixing, all layers"},
    {Metric::attention_macs_per_layer, "attention_macs_per_layer", Unit::macs, "Attn MACs/layer",
     "the same for one layer; null where layers differ and the quotient is not whole"},
    {Metric::attention_flops, "attention_flops", Unit::flops, "Attn FLOPs (total)",
     "FLOPs of sequence mixing, all layers: flops_per_mac * MACs + scalar operations of recurrences"},
    {Metric::attention_flops_per_layer, "attention_flops_per_layer", Unit::flops, "Attn FLOPs/layer",
     "the same for one layer; null where layers differ and the quotient is not whole"},
    {Metric::linear_flops, "linear_flops", Unit::flops, "Linear FLOPs",
     "projections, feed-forward, router, latent up-projections"},
    {Metric::logits_flops, "logits_flops", Unit::flops, "Logits FLOPs",
     "the head, for the last token of each sequence or for all (logits)"},
    {Metric::forward_flops, "forward_flops", Unit::flops, "Forward FLOPs",
     "prefill of n tokens: attention + linear + logits, no elementwise work"},
    {Metric::decode_flops, "decode_flops", Unit::flops, "Decode FLOPs",
     "the step that reads the n-th token and yields the next"},
    {Metric::decode_bytes, "decode_bytes", Unit::bytes, "Decode Bytes",
     "what that step reads and writes: weights, cache, state"},
    {Metric::score_matrix_bytes, "score_matrix_bytes", Unit::bytes, "Score Matrix",
     "the scores of the layer with most, heads x queries x keys, if they are materialised; cross-attention among them"},
    {Metric::flash_workspace_bytes, "flash_workspace_bytes", Unit::bytes, "Flash Workspace",
     "the log-sum-exp of fused attention, 4 bytes for each head and query of a layer"},
    {Metric::kv_cache_bytes, "kv_cache_bytes", Unit::bytes, "KV Cache",
     "the live need of the cache: the most at any position up to n"},
    {Metric::kv_bytes_per_token, "kv_bytes_per_token", Unit::bytes, "KV/token",
     "what one more token adds to one sequence's cache at n"},
    {Metric::state_bytes, "state_bytes", Unit::bytes, "State", "recurrent state and memories, kept regardless of n"},
    {Metric::kv_reserved_bytes, "kv_reserved_bytes", Unit::bytes, "KV Reserved",
     "what the engine allocates for cache, index cache and state"},
    {Metric::parameters, "parameters", Unit::parameters, "Parameters", "learned parameters, tied matrices once"},
    {Metric::parameters_non_embedding, "parameters_non_embedding", Unit::parameters, "Non-embedding",
     "those of the layers and the final norm"},
    {Metric::active_parameters, "active_parameters", Unit::parameters, "Active",
     "parameters that work for one token: the active experts, the rest in full"},
    {Metric::active_parameters_without_embedding, "active_parameters_without_embedding", Unit::parameters,
     "Active w/o embedding", "the same less an untied input embedding"},
    {Metric::weights_bytes, "weights_bytes", Unit::bytes, "Weights",
     "every tensor in its type, in rows of whole blocks"},
    {Metric::activation_bytes, "activation_bytes", Unit::bytes, "Activations",
     "live activations of the largest layer over min(n, 2048) tokens, and the logits"},
    {Metric::window_status, "window_status", Unit::level, "Window", "trained, scaled, beyond or impossible"},
    {Metric::growth_attention_flops, "growth_attention_flops", Unit::ratio, "Attn Growth",
     "attention FLOPs relative to the first context of the run", Worse::neither},
    {Metric::growth_kv_cache, "growth_kv_cache", Unit::ratio, "KV Growth",
     "KV cache relative to the first context of the run", Worse::neither},
};
static_assert(std::size(kMetrics) == kMetricCount);

constexpr MetricInfo kDeviceMetrics[] = {
    {Metric::device_bytes, "device_bytes", Unit::bytes, "Per Device",
     "the largest device: weights + kv_reserved + activations + overhead"},
    {Metric::total_bytes, "total_bytes", Unit::bytes, "All Devices", "the sum over all devices"},
    {Metric::device_kv_bytes, "device_kv_bytes", Unit::bytes, "Device KV", "cache and state reserved on that device"},
    {Metric::headroom_bytes, "headroom_bytes", Unit::bytes, "Headroom",
     "capacity - device_bytes; negative where it does not fit", Worse::lower},
    {Metric::kv_capacity_tokens, "kv_capacity_tokens", Unit::tokens, "KV Capacity",
     "tokens of cache that fit beside the rest, as the engine's log counts them", Worse::lower},
    {Metric::max_concurrency, "max_concurrency", Unit::ratio, "Concurrency",
     "sequences of n tokens whose cache fits beside the rest", Worse::lower},
    {Metric::prefill_seconds, "prefill_seconds", Unit::seconds, "Prefill",
     "roofline bound of the prefill of all sequences in one chunk"},
    {Metric::decode_seconds_per_token, "decode_seconds_per_token", Unit::seconds, "Decode/token",
     "roofline bound of one decode step"},
    {Metric::decode_tokens_per_second, "decode_tokens_per_second", Unit::rate, "Tokens/s",
     "tokens a second of all sequences: b / step", Worse::lower},
    {Metric::critical_batch, "critical_batch", Unit::sequences, "Critical Batch",
     "smallest batch at which a decode step's linear and logits time reaches its weight-read time", Worse::neither},
    {Metric::kv_equals_weights_context, "kv_equals_weights_context", Unit::tokens, "KV = Weights at",
     "smallest n at which the cache traffic of a decode step reaches its weight traffic", Worse::neither},
    {Metric::max_context, "max_context", Unit::tokens, "Max Context",
     "longest context that fits, within the model's window (solve)", Worse::lower},
    {Metric::max_context_memory, "max_context_memory", Unit::tokens, "Memory Context",
     "the same whatever the window: what memory alone allows", Worse::lower},
    {Metric::max_batch, "max_batch", Unit::sequences, "Max Batch", "most sequences that fit (solve)", Worse::lower},
    {Metric::min_gpus, "min_gpus", Unit::devices, "Min GPUs", "fewest devices that it fits on (solve)"},
};
static_assert(std::size(kDeviceMetrics) == kDeviceMetricCount);

}  // namespace

std::span<const MetricInfo> metrics() { return kMetrics; }
std::span<const MetricInfo> device_metrics() { return kDeviceMetrics; }

const MetricInfo& info(Metric metric) {
  const auto index = static_cast<std::size_t>(metric);
  return needs_devices(metric) ? kDeviceMetrics[index - kMetricCount] : kMetrics[index];
}

std::optional<Metric> find_metric(std::string_view name) {
  for (const MetricInfo& row : kMetrics) {
    if (row.name == name) return row.metric;
  }
  for (const MetricInfo& row : kDeviceMetrics) {
    if (row.name == name) return row.metric;
  }
  return std::nullopt;
}

}  // namespace ctxcost
