#include "ctxcost/estimate/metric.h"

namespace ctxcost {
namespace {

constexpr MetricInfo kMetrics[] = {
    {Metric::context, "context", Unit::tokens, "Tokens (n)", "tokens of one sequence", Worse::neither},
    {Metric::batch, "batch", Unit::sequences, "Batch", "sequences at once", Worse::neither},
    {Metric::scores_per_head, "scores_per_head", Unit::pairs, "Attn Scores",
     "query-key pairs of one head of one sequence; null unless all layers agree"},
    {Metric::scores_per_layer, "scores_per_layer", Unit::pairs, "Attn Scores/layer",
     "query-key pairs of one layer, over all heads and sequences"},
    {Metric::scores, "scores", Unit::pairs, "Attn Scores (total)", "query-key pairs of the model, over all layers"},
    {Metric::attention_macs, "attention_macs", Unit::macs, "Attn MACs",
     "multiply-adds of attention and other sequence mixing, all layers"},
    {Metric::attention_macs_per_layer, "attention_macs_per_layer", Unit::macs, "Attn MACs/layer",
     "attention_macs / layers; null where layers differ and the quotient is not whole"},
    {Metric::attention_flops, "attention_flops", Unit::flops, "Attn FLOPs (total)",
     "FLOPs of attention and other sequence mixing: flops_per_mac * MACs + scalar operations of recurrences"},
    {Metric::attention_flops_per_layer, "attention_flops_per_layer", Unit::flops, "Attn FLOPs/layer",
     "attention_flops / layers; null where layers differ and the quotient is not whole"},
    {Metric::linear_flops, "linear_flops", Unit::flops, "Linear FLOPs",
     "FLOPs of projections, feed-forward, router and latent up-projections"},
    {Metric::logits_flops, "logits_flops", Unit::flops, "Logits FLOPs",
     "FLOPs of the output head, for the last token of each sequence or for all tokens (logits)"},
    {Metric::forward_flops, "forward_flops", Unit::flops, "Forward FLOPs",
     "FLOPs of the prefill of n tokens: attention + linear + logits, without elementwise work"},
    {Metric::decode_flops, "decode_flops", Unit::flops, "Decode FLOPs",
     "FLOPs of the decode step that reads token n and yields the next one"},
    {Metric::decode_bytes, "decode_bytes", Unit::bytes, "Decode Bytes",
     "bytes that this decode step reads and writes: weights, cache and state"},
    {Metric::score_matrix_bytes, "score_matrix_bytes", Unit::bytes, "Score Matrix",
     "the scores (heads x queries x keys) of the largest layer, if they are materialised; counts cross-attention"},
    {Metric::flash_workspace_bytes, "flash_workspace_bytes", Unit::bytes, "Flash Workspace",
     "the log-sum-exp that fused attention keeps: 4 bytes per head and query of a layer"},
    {Metric::kv_cache_bytes, "kv_cache_bytes", Unit::bytes, "KV Cache",
     "bytes of live KV cache: the maximum over positions up to n"},
    {Metric::kv_bytes_per_token, "kv_bytes_per_token", Unit::bytes, "KV/token",
     "bytes that one more token adds to the cache of one sequence at n"},
    {Metric::state_bytes, "state_bytes", Unit::bytes, "State",
     "bytes of recurrent state and memories, which do not grow with n"},
    {Metric::kv_reserved_bytes, "kv_reserved_bytes", Unit::bytes, "KV Reserved",
     "bytes that the engine allocates for KV cache, index cache and state"},
    {Metric::parameters, "parameters", Unit::parameters, "Parameters", "learned parameters; tied matrices count once"},
    {Metric::parameters_non_embedding, "parameters_non_embedding", Unit::parameters, "Non-embedding",
     "parameters of the layers and the final norm"},
    {Metric::active_parameters, "active_parameters", Unit::parameters, "Active",
     "parameters that one token uses: its active experts and everything else"},
    {Metric::active_parameters_without_embedding, "active_parameters_without_embedding", Unit::parameters,
     "Active w/o embedding", "active_parameters without an untied input embedding"},
    {Metric::weights_bytes, "weights_bytes", Unit::bytes, "Weights",
     "bytes of all tensors, each in its own type and in rows of whole blocks"},
    {Metric::activation_bytes, "activation_bytes", Unit::bytes, "Activations",
     "bytes of the live activations of the largest layer over min(n, 2048) tokens, and of the logits"},
    {Metric::window_status, "window_status", Unit::level, "Window",
     "whether the model's window holds n: trained, scaled, beyond or impossible"},
    {Metric::growth_attention_flops, "growth_attention_flops", Unit::ratio, "Attn Growth",
     "attention FLOPs relative to the first context of the run", Worse::neither},
    {Metric::growth_kv_cache, "growth_kv_cache", Unit::ratio, "KV Growth",
     "KV cache relative to the first context of the run", Worse::neither},
};
static_assert(std::size(kMetrics) == kMetricCount);

constexpr MetricInfo kDeviceMetrics[] = {
    {Metric::device_bytes, "device_bytes", Unit::bytes, "Per Device",
     "bytes on the fullest device: weights + kv_reserved + activations (or compute buffer) + overhead"},
    {Metric::total_bytes, "total_bytes", Unit::bytes, "All Devices", "bytes over all devices"},
    {Metric::device_kv_bytes, "device_kv_bytes", Unit::bytes, "Device KV",
     "bytes of cache and state reserved on the fullest device"},
    {Metric::host_bytes, "host_bytes", Unit::bytes, "Host",
     "bytes that the engine's settings keep in host memory: input embedding, layers, experts, cache"},
    {Metric::headroom_bytes, "headroom_bytes", Unit::bytes, "Headroom",
     "usable bytes of a device - device_bytes; negative where it does not fit", Worse::lower},
    {Metric::kv_capacity_tokens, "kv_capacity_tokens", Unit::tokens, "KV Capacity",
     "tokens of cache that fit beside weights and activations, counted as in the engine's log", Worse::lower},
    {Metric::max_concurrency, "max_concurrency", Unit::ratio, "Concurrency",
     "sequences of n tokens whose cache fits beside weights and activations", Worse::lower},
    {Metric::prefill_seconds, "prefill_seconds", Unit::seconds, "Prefill",
     "seconds: roofline bound of the prefill of all sequences in one chunk"},
    {Metric::decode_seconds_per_token, "decode_seconds_per_token", Unit::seconds, "Decode/token",
     "seconds: roofline bound of one decode step"},
    {Metric::decode_tokens_per_second, "decode_tokens_per_second", Unit::rate, "Tokens/s",
     "tokens per second of all sequences: batch / decode_seconds_per_token", Worse::lower},
    {Metric::critical_batch, "critical_batch", Unit::sequences, "Critical Batch",
     "smallest batch at which a decode step's linear and logits time reaches its weight-read time", Worse::neither},
    {Metric::kv_equals_weights_context, "kv_equals_weights_context", Unit::tokens, "KV = Weights at",
     "smallest n at which the cache traffic of a decode step reaches its weight traffic", Worse::neither},
    {Metric::max_context, "max_context", Unit::tokens, "Max Context",
     "longest context that fits, within the model's window (solve)", Worse::lower},
    {Metric::max_context_memory, "max_context_memory", Unit::tokens, "Memory Context",
     "longest context that memory alone allows, past the model's window too", Worse::lower},
    {Metric::max_batch, "max_batch", Unit::sequences, "Max Batch", "most sequences that fit (solve)", Worse::lower},
    {Metric::min_gpus, "min_gpus", Unit::devices, "Min GPUs", "fewest devices that the model fits on (solve)"},
    {Metric::usd_per_million_prefill_tokens, "usd_per_million_prefill_tokens", Unit::usd, "$/M prefill",
     "US dollars of all devices for a million prompt tokens: price x prefill_seconds / tokens"},
    {Metric::usd_per_million_decode_tokens, "usd_per_million_decode_tokens", Unit::usd, "$/M decode",
     "US dollars of all devices for a million decoded tokens: price x decode_seconds_per_token / sequences"},
    {Metric::joules_per_decode_token, "joules_per_decode_token", Unit::joules, "J/token",
     "joules of all devices for a decoded token: power x decode_seconds_per_token / sequences"},
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
