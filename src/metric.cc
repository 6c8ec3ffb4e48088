#include "ctxcost/metric.h"

namespace ctxcost {
namespace {

constexpr MetricInfo kMetrics[] = {
    {Metric::context, "context", Unit::tokens, "Tokens (n)", "tokens of a sequence"},
    {Metric::batch, "batch", Unit::sequences, "Batch", "sequences"},
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
     "the head, for the last token of each sequence or for all (--logits)"},
    {Metric::forward_flops, "forward_flops", Unit::flops, "Forward FLOPs",
     "prefill of n tokens: attention + linear + logits, no elementwise work"},
    {Metric::decode_flops, "decode_flops", Unit::flops, "Decode FLOPs",
     "the step that reads the n-th token and yields the next"},
    {Metric::decode_bytes, "decode_bytes", Unit::bytes, "Decode Bytes",
     "what that step reads and writes: weights, cache, state"},
    {Metric::score_matrix_bytes, "score_matrix_bytes", Unit::bytes, "Score Matrix",
     "the largest layer's scores, if they are materialised"},
    {Metric::flash_workspace_bytes, "flash_workspace_bytes", Unit::bytes, "Flash Workspace",
     "the log-sum-exp of fused attention, 4 b H n"},
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
    {Metric::weights_bytes, "weights_bytes", Unit::bytes, "Weights", "every tensor in its type, in rows of whole blocks"},
    {Metric::activation_bytes, "activation_bytes", Unit::bytes, "Activations",
     "live activations of the largest layer over min(n, 2048) tokens, and the logits"},
    {Metric::window_status, "window_status", Unit::level, "Window", "trained, scaled, beyond or impossible"},
    {Metric::growth_attention_flops, "growth_attention_flops", Unit::ratio, "Attn Growth",
     "attention FLOPs relative to the first context of the run"},
    {Metric::growth_kv_cache, "growth_kv_cache", Unit::ratio, "KV Growth",
     "KV cache relative to the first context of the run"},
};
static_assert(std::size(kMetrics) == kMetricCount);

}  // namespace

std::span<const MetricInfo> metrics() { return kMetrics; }

std::optional<Metric> find_metric(std::string_view name) {
  for (const MetricInfo& row : kMetrics) {
    if (row.name == name) return row.metric;
  }
  return std::nullopt;
}

}  // namespace ctxcost
