// The private half of ctxcost/estimate/estimate.h: the one walk over a model's layers. Totals, documents and
// explanations all use the terms that it visits. A visitor is called with each term and keeps what it needs, so that
// summation needs no memory.
#pragma once

#include <optional>
#include <utility>

#include "ctxcost/estimate/estimate.h"
#include "engine/live_need.h"

namespace ctxcost {

/// Metrics of one layer, each with the sum over all layers that it is a part of.
inline constexpr std::pair<Metric, Metric> kPerLayerOf[] = {
    {Metric::scores_per_layer, Metric::scores},
    {Metric::attention_macs_per_layer, Metric::attention_macs},
    {Metric::attention_flops_per_layer, Metric::attention_flops},
};

/// Returns a sum as a metric has it: null where it is not known.
inline MetricValue value_of(const std::optional<Count>& sum) { return sum ? MetricValue(*sum) : MetricValue(); }

/// Returns total / layers if that is an integer, else null.
inline MetricValue per_layer(Count total, Count layers) {
  if (layers == 0) return {};
  const Count each = total / layers;
  return each * layers == total ? MetricValue(each) : MetricValue();
}

/// The same; null where the total is not known.
inline MetricValue per_layer(const std::optional<Count>& total, Count layers) {
  return total ? per_layer(*total, layers) : MetricValue();
}

inline constexpr std::string_view kBatch = "batch";
inline constexpr std::string_view kTokens = "tokens";
inline constexpr std::string_view kFlopsPerMac = "flops_per_mac";
inline constexpr std::string_view kBytes = "bytes";

/// The number of tokens for which prefill activations are counted at a time (docs/cost-model.md, activation_bytes).
inline constexpr Count kActivationTokens = 2048;
/// Bytes of one logit, and of one log-sum-exp of fused attention: both fp32.
inline constexpr Count kFp32Bytes = 4;

/// The metrics that do not depend on the point.
inline constexpr Metric kConstantMetrics[] = {Metric::parameters, Metric::parameters_non_embedding,
                                              Metric::active_parameters, Metric::active_parameters_without_embedding,
                                              Metric::weights_bytes};

/// Returns the place of a tensor outside the layers as a word.
inline std::string_view owner_of(Place place) {
  switch (place) {
    case Place::embedding:
    case Place::table: return "embedding";
    case Place::final_norm: return "final norm";
    case Place::head: return "head";
    case Place::once: return "pooler";
    case Place::other: return "outside layers";
  }
  return {};
}

/// Returns the matrix that yields the logits.
inline bool is_head(const Model& model, const ModelTensor& row) {
  return (row.place == Place::embedding && model.tied_embeddings) ||
         (row.place == Place::head && row.tensor.use == TensorUse::linear);
}

/// Returns the bytes of `rows` cached rows, which may not divide evenly among the heads.
inline Count row_bytes(const CachePart& part, const KvPrecision& kv, Count rows) {
  const Precision& precision = precision_of(kv, part.role);
  if (part.heads > 0 && rows % part.heads == 0) {
    return cache_bytes(precision, part.role, part.heads, part.width, rows / part.heads);
  }
  return cache_bytes(precision, part.role, 1, part.width, rows);
}

/// Returns a device's share of `rows` that are read. Tokens are divided; the heads of one token stay together.
inline Count rank_rows(const CachePart& part, Count rows, Count context_ranks) {
  if (!shares_context(part)) return rows;
  const bool whole = part.heads > 0 && rows % part.heads == 0;
  return whole ? part.heads * ceil_div(rows / part.heads, context_ranks) : ceil_div(rows, context_ranks);
}

/// The metrics that do not depend on the point.
template <typename Visit>
void Estimator::visit_constants(Visit&& visit) const {
  const auto parameters = [&visit](Term term, bool known, bool non_embedding, bool without_embedding) {
    term.kind = TermKind::parameters;
    const auto as = [&](Metric metric, Count elements) {
      term.metric = metric;
      term.one = known ? std::optional(elements) : std::nullopt;
      visit(term);
    };
    as(Metric::parameters, term.tensor->elements());
    if (non_embedding) as(Metric::parameters_non_embedding, term.tensor->elements());
    as(Metric::active_parameters, term.tensor->active_elements());
    if (without_embedding) as(Metric::active_parameters_without_embedding, term.tensor->active_elements());
  };
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (const LayerTensor& row : groups_[g].tensors) {
      if (!row.tensor.stored) continue;
      Term term;
      term.group = &model().groups[g];
      term.mixer = row.mixer;
      term.owner = row.owner;
      term.name = row.tensor.name;
      term.layers = term.group->count();
      term.tensor = &row.tensor;
      parameters(term, row.known, true, true);
    }
  }
  for (const ModelTensor& row : model().tensors) {
    Term term;
    term.owner = owner_of(row.place);
    term.name = row.tensor.name;
    term.tensor = &row.tensor;
    parameters(term, true, row.place == Place::final_norm, row.place != Place::embedding || model().tied_embeddings);
  }
  Term unknown;
  unknown.name = "tensors";
  if (!model().embedding_known) {
    static constexpr Tensor kUnknown{};
    unknown.owner = "embedding";
    unknown.tensor = &kUnknown;
    parameters(unknown, false, false, true);
  }
  unknown.kind = TermKind::weights;
  unknown.metric = Metric::weights_bytes;
  if (!weights_known_) {
    unknown.owner = "weights";
    visit(unknown);
    return;
  }
  for (const StoredTensor& stored : *stored_tensors()) {
    Term term;
    term.metric = Metric::weights_bytes;
    term.kind = TermKind::weights;
    term.group = stored.group;
    term.owner = stored.group == nullptr ? owner_of(stored.place) : "layer";
    term.name = stored.tensor.name;
    term.one = stored.bytes;
    term.layers = stored.count();
    term.tensor = &stored.tensor;
    visit(term);
  }
}

/// Visits everything that depends on the context and the batch.
template <typename Visit>
void Estimator::visit_point(Count context, Count batch, Visit&& visit) const {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const LayerGroup& group = model().groups[g];
    visit_prefill(groups_[g], group, context, batch, visit);
    if (group.stack == Stack::encoder) continue;
    visit_memory(group, context, batch, visit);
    if (steps(context)) visit_step(groups_[g], group, context, batch, visit);
  }
  visit_outside_layers(context, batch, visit);
  if (steps(context)) visit_step_outside_layers(batch, visit);
  visit_largest(context, batch, visit);
}

/// Calls visit(term) for each matrix that multiplies every token once.
template <typename Rows, typename Visit>
void visit_linears(Term& term, const Rows& rows, Visit&& visit) {
  for (const auto& row : rows) {
    if (!row.once_a_token) continue;
    term.mixer = row.mixer;
    term.owner = row.owner;
    term.name = row.tensor.name;
    term.tensor = &row.tensor;
    term.one = row.known ? std::optional(row.tensor.active_elements()) : std::nullopt;
    visit(term);
  }
}

/// Calls visit(term) for each part of a mixer's state.
template <typename Visit>
void visit_states(Term& term, const Mixer& mixer, const Model& model, const KvPrecision& kv, Visit&& visit) {
  for (const StatePart& part : mixer.state()) {
    term.name = part.name;
    term.state = &part;
    term.one = state_bytes(part, model, kv);
    visit(term);
  }
  term.state = nullptr;
}

/// The rows of logits that a prefill of one sequence yields.
inline Count logit_rows(Logits logits, Count context) {
  if (context == 0) return 0;
  return logits == Logits::all ? context : Count{1};
}

inline std::string_view mixing_name(const std::optional<Work>& work) {
  return work && work->scores != 0 ? "scores and values" : "recurrence";
}

/// Calls visit(term) for a mixer's work: multiply-adds, and what recurrences do beside them.
template <typename Visit>
void visit_work(Term& term, Metric metric, const std::optional<Work>& work, Count flops_per_mac, Visit&& visit) {
  const bool known = work && work->macs_known;
  term.metric = metric;
  term.kind = TermKind::mixing;
  term.name = mixing_name(work);
  term.factors[1] = {kFlopsPerMac, flops_per_mac};
  term.one = known ? std::optional(work->macs) : std::nullopt;
  visit(term);
  term.factors[1] = {};
  if (!known || work->scalar_operations == 0) return;
  term.kind = TermKind::scalars;
  term.name = "scalar operations";
  term.one = work->scalar_operations;
  visit(term);
}

/// Sequence mixing and linear work of a layer.
template <typename Visit>
void Estimator::visit_prefill(const GroupTensors& tensors, const LayerGroup& group, Count context, Count batch,
                              Visit&& visit) const {
  const Count n = stack_length(group.stack, context);
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  Term term;
  term.group = &group;
  term.layers = group.count();
  term.factors[0] = {kBatch, batch};
  for (const auto& mixer : group.mixers) {
    const std::optional<Work> work = mixer->prefill(n, settings_.convention.pairs);
    term.mixer = mixer.get();
    term.owner = mixer->kind();
    term.metric = Metric::scores_per_head;
    term.kind = TermKind::scores;
    term.name = "pairs";
    term.one = work ? work->scores_per_head : std::nullopt;
    visit(term);
    term.metric = Metric::scores;
    term.one = work ? std::optional(work->scores) : std::nullopt;
    visit(term);
    term.metric = Metric::attention_macs;
    term.kind = TermKind::mixing;
    term.name = mixing_name(work);
    term.one = work && work->macs_known ? std::optional(work->macs) : std::nullopt;
    visit(term);
    visit_work(term, Metric::attention_flops, work, flops_per_mac, visit);
    if (mixer->linears_once_a_token()) continue;
    term.metric = Metric::linear_flops;
    term.kind = TermKind::linear;
    term.name = "projections";
    term.one = mixer->linear_macs(n);
    term.factors[1] = {kFlopsPerMac, flops_per_mac};
    visit(term);
    term.factors[1] = {};
  }
  term.metric = Metric::linear_flops;
  term.kind = TermKind::linear;
  term.factors[1] = {kFlopsPerMac, flops_per_mac};
  term.factors[2] = {kTokens, n};
  visit_linears(term, tensors.tensors, visit);
}

/// Cache and state of a decoder's layer.
template <typename Visit>
void Estimator::visit_memory(const LayerGroup& group, Count context, Count batch, Visit&& visit) const {
  Term term;
  term.group = &group;
  term.layers = group.count();
  term.factors[0] = {kBatch, batch};
  for (const auto& mixer : group.mixers) {
    term.mixer = mixer.get();
    term.owner = mixer->kind();
    term.metric = Metric::kv_cache_bytes;
    term.kind = TermKind::cache;
    for (const CachePart& part : mixer->cache()) {
      if (!part.owned) continue;
      const auto bytes = [&](Count n) {
        return cache_bytes(precision_of(kv_, part.role), part.role, part.heads, part.width,
                           cached_tokens(model(), part, n, context_ranks_));
      };
      term.name = part.name;
      term.cache = &part;
      term.one = bytes(context);
      term.next = bytes(context + 1);
      visit(term);
    }
    term.cache = nullptr;
    term.metric = Metric::state_bytes;
    term.kind = TermKind::state;
    visit_states(term, *mixer, model(), kv_, visit);
    if (mixer->state_known()) continue;
    term.name = "state";
    term.one.reset();
    visit(term);
  }
}

/// A decoder's layer in the step that reads the token at `context`.
template <typename Visit>
void Estimator::visit_step(const GroupTensors& tensors, const LayerGroup& group, Count context, Count batch,
                           Visit&& visit) const {
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  Term term;
  term.group = &group;
  term.layers = group.count();
  term.factors[0] = {kBatch, batch};
  for (const auto& mixer : group.mixers) {
    term.mixer = mixer.get();
    term.owner = mixer->kind();
    visit_work(term, Metric::decode_flops, mixer->decode(context), flops_per_mac, visit);
    if (!mixer->linears_once_a_token()) {
      term.kind = TermKind::linear;
      term.name = "projections";
      term.one = mixer->decode_linear_macs(context);
      term.factors[1] = {kFlopsPerMac, flops_per_mac};
      visit(term);
      term.factors[1] = {};
    }
    term.metric = Metric::decode_bytes;
    term.kind = TermKind::cache;
    for (std::size_t p = 0; p < mixer->cache().size(); ++p) {
      const CachePart& part = mixer->cache()[p];
      term.name = part.name;
      term.cache = &part;
      term.one = row_bytes(part, kv_, rank_rows(part, mixer->rows_read(p, context), context_ranks_));
      visit(term);
    }
    term.cache = nullptr;
    term.kind = TermKind::state;
    term.factors[1] = {"read and written", 2};
    visit_states(term, *mixer, model(), kv_, visit);
    term.factors[1] = {};
  }
  term.metric = Metric::decode_flops;
  term.kind = TermKind::linear;
  term.factors[1] = {kFlopsPerMac, flops_per_mac};
  visit_linears(term, tensors.tensors, visit);
}

template <typename Visit>
void Estimator::visit_logits(Metric metric, Count rows, Count batch, Visit&& visit) const {
  Term term;
  term.metric = metric;
  term.kind = TermKind::logits;
  term.owner = "head";
  term.factors = {Factor{kTokens, rows}, Factor{kBatch, batch},
                  Factor{kFlopsPerMac, settings_.convention.flops_per_mac}};
  for (const ModelTensor& row : model().tensors) {
    if (!is_head(model(), row)) continue;
    term.name = row.tensor.name;
    term.tensor = &row.tensor;
    term.one = row.tensor.elements();
    visit(term);
  }
  if (model().embedding_known) return;
  term.name = "logits";
  term.tensor = nullptr;
  term.one.reset();
  visit(term);
}

/// The head and what else works outside the layers in a decode step, and the weights that it reads.
template <typename Visit>
void Estimator::visit_step_outside_layers(Count batch, Visit&& visit) const {
  Term term;
  term.metric = Metric::decode_flops;
  term.kind = TermKind::linear;
  term.factors[0] = {kBatch, batch};
  term.factors[1] = {kFlopsPerMac, settings_.convention.flops_per_mac};
  for (const ModelTensor& row : model().tensors) {
    if (row.place != Place::other || row.tensor.use != TensorUse::linear) continue;
    term.owner = owner_of(row.place);
    term.name = row.tensor.name;
    term.tensor = &row.tensor;
    term.one = row.tensor.elements();
    visit(term);
  }
  visit_logits(Metric::decode_flops, 1, batch, visit);

  term = Term();
  term.metric = Metric::decode_bytes;
  term.kind = TermKind::weights;
  term.owner = "weights";
  if (!weights_known_) {
    term.name = "tensors";
    visit(term);
    return;
  }
  for (const DecodeRead& read : decode_reads_) {
    term.group = read.group;
    term.name = read.name;
    term.one = read.bytes;
    term.factors[0] = {};
    if (read.by_sequence) term.factors[0] = {kBatch, batch};
    if (read.copies != 0) term.factors[0] = {"experts read", min(read.copies, batch * read.active)};
    visit(term);
  }
}

/// Linear work outside the layers in a prefill, and the logits.
template <typename Visit>
void Estimator::visit_outside_layers(Count context, Count batch, Visit&& visit) const {
  Term term;
  term.metric = Metric::linear_flops;
  term.kind = TermKind::linear;
  term.factors[0] = {kBatch, batch};
  term.factors[1] = {kFlopsPerMac, settings_.convention.flops_per_mac};
  for (const ModelTensor& row : model().tensors) {
    const bool once = row.place == Place::once;
    if ((!once && row.place != Place::other) || row.tensor.use != TensorUse::linear) continue;
    term.owner = owner_of(row.place);
    term.name = row.tensor.name;
    term.tensor = &row.tensor;
    term.one = row.tensor.elements();
    term.factors[2] = once ? Factor{} : Factor{kTokens, context};
    visit(term);
  }
  visit_logits(Metric::logits_flops, logit_rows(settings_.logits, context), batch, visit);
}

/// Memory that one layer needs at a time. The terms are those of the layer that needs most.
template <typename Visit>
void Estimator::visit_largest(Count context, Count batch, Visit&& visit) const {
  const Count source = stack_length(Stack::encoder, context);
  Term term;
  // Scores of one sequence, where they are materialised, and the queries of fused attention.
  struct Layer {
    const Widest* widest;
    Count queries, keys;
  };
  const Layer layers[] = {
      {&decoder_scores_, context, context}, {&cross_scores_, context, source}, {&encoder_scores_, source, source}};
  const Layer* most_pairs = &layers[0];
  const Layer* most_rows = &layers[0];
  const auto rows = [](const Layer& layer) { return *layer.widest->size * layer.queries; };
  for (const Layer& layer : layers) {
    if (rows(layer) * layer.keys > rows(*most_pairs) * most_pairs->keys) most_pairs = &layer;
    if (rows(layer) > rows(*most_rows)) most_rows = &layer;
  }
  const auto of = [&term](const Widest& widest, std::string_view otherwise) {
    term.group = widest.group;
    term.mixer = widest.mixer;
    term.owner = widest.mixer == nullptr ? otherwise : widest.mixer->kind();
  };
  const Count activation_bytes = model().activation.row_bytes(1);
  term.kind = TermKind::activations;
  term.factors[0] = {kBatch, batch};
  term.factors[1] = {kBytes, activation_bytes};
  term.metric = Metric::score_matrix_bytes;
  of(*most_pairs->widest, "layer");
  term.name = "scores of the largest layer";
  term.one = rows(*most_pairs) * most_pairs->keys;
  visit(term);
  term.metric = Metric::flash_workspace_bytes;
  of(*most_rows->widest, "layer");
  term.name = "log-sum-exp of the largest layer";
  term.one = rows(*most_rows);
  term.factors[1] = {kBytes, kFp32Bytes};
  visit(term);

  // Live activations of one sequence in the layer with most of them: the residual twice, and its widest part.
  term.metric = Metric::activation_bytes;
  term.name = "activations of the largest layer";
  term.factors[1] = {kBytes, activation_bytes};
  const auto live = [&](const Widest& widest, Count tokens) -> std::optional<Count> {
    if (!widest.size) return std::nullopt;
    return min(tokens, kActivationTokens) * (2 * *model().d_model + *widest.size);
  };
  of(decoder_activation_, "feed_forward");
  term.one = live(decoder_activation_, context);
  if (has_encoder_) {
    const std::optional<Count> of_encoder = live(encoder_activation_, source);
    if (!of_encoder || (term.one && *of_encoder > *term.one)) {
      of(encoder_activation_, "feed_forward");
      term.one = of_encoder;
    }
  }
  visit(term);
  // The logits are live at the same time.
  visit_logits(Metric::activation_bytes, logit_rows(settings_.logits, context), batch,
               [&, done = false](Term logits) mutable {
                 if (logits.one == Count{} || std::exchange(done, true)) return;
                 if (logits.one) logits.one = model().vocab;
                 logits.kind = TermKind::activations;
                 logits.name = "logits";
                 logits.tensor = nullptr;
                 logits.factors[2] = {kBytes, kFp32Bytes};
                 visit(logits);
               });
}

}  // namespace ctxcost
