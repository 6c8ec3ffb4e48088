#include "softmax_attention.h"

namespace ctxcost {

std::vector<CachePart> key_value_cache(const MixerShape& shape, Span span) {
  const bool owned = !shape.shares_cache;
  return {{"keys", CacheRole::key, shape.kv_heads, shape.d_k, span, owned},
          {"values", CacheRole::value, shape.kv_heads, shape.d_v, span, owned}};
}

SoftmaxAttention::SoftmaxAttention(std::string_view kind, const MixerShape& shape, Span span) : Mixer(kind, shape) {
  cache_ = key_value_cache(shape, span);
}

std::optional<std::vector<Tensor>> softmax_tensors(const MixerShape& shape) {
  if (!shape.d_model) return std::nullopt;
  const Count d_model = *shape.d_model;
  const Count query_width = shape.heads * shape.d_k;
  const Count key_width = shape.kv_heads * shape.d_k;
  const Count value_width = shape.kv_heads * shape.d_v;

  std::vector<Tensor> tensors;
  tensors.reserve(8);  // queries, keys, values and outputs, and as many biases
  const Count input = shape.input_width.value_or(d_model);
  const auto project = [&](std::string_view name, Count outputs, bool bias) {
    tensors.push_back(linear(name, input, outputs));
    if (bias) tensors.push_back(bias_of(name, outputs));
  };
  project("attn_q", query_width, shape.qkv_bias);
  if (!shape.shares_cache) {
    project("attn_k", key_width, shape.qkv_bias && shape.key_bias);
    if (!shape.shared_kv_projection) project("attn_v", value_width, shape.qkv_bias);
  }
  if (shape.gate) {
    // It multiplies the heads' output.
    tensors.push_back(linear("attn_gate", input, shape.heads * shape.d_v));
    if (shape.output_bias) tensors.push_back(bias_of("attn_gate", shape.heads * shape.d_v));
  }
  tensors.push_back(linear("attn_output", shape.heads * shape.d_v, d_model));
  if (shape.output_bias) tensors.push_back(bias_of("attn_output", d_model));

  if (shape.qk_norm != QkNorm::none) {
    const bool full = shape.qk_norm == QkNorm::full;
    tensors.push_back(vector_of("attn_q_norm", full ? query_width : shape.d_k));
    if (!shape.shares_cache) tensors.push_back(vector_of("attn_k_norm", full ? key_width : shape.d_k));
  }
  if (shape.sink_logits) tensors.push_back(vector_of("attn_sinks", shape.heads));
  for (Tensor& tensor : tensors) tensor.stored = !shape.shares_weights;
  return tensors;
}

}  // namespace ctxcost
