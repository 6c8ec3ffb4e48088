#include "same_figures.h"

#include <algorithm>
#include <tuple>

#include "layer_groups.h"

namespace ctxcost {
namespace {

// All members are named, so that a new one does not compile until it is looked at here.

auto tied(const GgufTraits& traits) {
  const auto& [fused_qkv, fused_gate_up, gate_in_query, long_rope_tables, next_token_layers, protects_outputs,
               class_70b, token_rows, windows, windowed_layers, window] = traits;
  return std::tie(fused_qkv, fused_gate_up, gate_in_query, long_rope_tables, next_token_layers, protects_outputs,
                  class_70b, token_rows, windows, windowed_layers, window);
}

auto tied(const Positions& positions) {
  const auto& [encoding, hard_limit, trained_context, effective_context, scaling_type, scaling_factor, rotary_width] =
      positions;
  return std::tie(encoding, hard_limit, trained_context, effective_context, scaling_type, scaling_factor, rotary_width);
}

template <typename Row, typename Same>
bool same_rows(const std::vector<Row>& a, const std::vector<Row>& b, Same same) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

bool same_mixers(const std::vector<std::shared_ptr<const Mixer>>& a,
                 const std::vector<std::shared_ptr<const Mixer>>& b) {
  return same_rows(a, b, [](const auto& x, const auto& y) { return same_mixer(*x, *y); });
}

bool same_group(const LayerGroup& a, const LayerGroup& b) {
  const auto& [layers, mixers, feed_forward, extras, stack] = a;
  return layers == b.layers && same_mixers(mixers, b.mixers) && feed_forward == b.feed_forward && extras == b.extras &&
         stack == b.stack;
}

/// All but the positions.
bool same_without_positions(const Model& a, const Model& b) {
  const auto& [name, id, family, origin, source, groups, tensors, d_model, vocab, tied_embeddings, embedding_known,
               parts, published, positions, gguf, weights, stored, files, named_weights, activation, kv,
               recurrent_state, next_layers, next_mixers, next_embedding, cross_tokens, batch, notes, assumptions,
               keys] = a;
  static_cast<void>(positions);  // compared apart
  if (stored || b.stored || files || b.files) return false;
  return family == b.family && d_model == b.d_model && vocab == b.vocab && tied_embeddings == b.tied_embeddings &&
         embedding_known == b.embedding_known && weights == b.weights && named_weights == b.named_weights &&
         activation == b.activation && kv.key == b.kv.key && kv.value == b.kv.value &&
         recurrent_state == b.recurrent_state && next_layers == b.next_token_layers &&
         next_embedding == b.next_token_embedding && cross_tokens == b.cross_tokens && batch == b.batch &&
         tied(gguf) == tied(b.gguf) && same_mixers(next_mixers, b.next_token_mixers) &&
         same_rows(groups, b.groups, same_group) &&
         same_rows(
             tensors, b.tensors,
             [](const ModelTensor& x, const ModelTensor& y) { return x.place == y.place && x.tensor == y.tensor; }) &&
         same_rows(parts, b.parameter_parts, [](const ParameterPart& x, const ParameterPart& y) {
           return x.name == y.name && x.elements == y.elements;
         });
}

}  // namespace

bool same_figures(const Model& a, const Model& b) {
  return tied(a.positions) == tied(b.positions) && same_without_positions(a, b);
}

bool differ_only_in_window(const Model& a, const Model& b, bool in_gguf) {
  Positions positions = b.positions;
  positions.hard_limit = a.positions.hard_limit;
  positions.trained_context = a.positions.trained_context;
  positions.effective_context = a.positions.effective_context;
  if (!in_gguf) {
    positions.scaling_type = a.positions.scaling_type;
    positions.scaling_factor = a.positions.scaling_factor;
  }
  return tied(a.positions) == tied(positions) && same_without_positions(a, b);
}

}  // namespace ctxcost
