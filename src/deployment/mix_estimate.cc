#include "mix_estimate.h"

#include <algorithm>
#include <utility>

#include "engine/live_need.h"
#include "estimate/estimate.h"

namespace ctxcost {
namespace {

/// Sums over sequences and tokens that a shared prefix adds to once.
constexpr Metric kOncePerPrefix[] = {Metric::scores, Metric::attention_macs, Metric::attention_flops,
                                     Metric::linear_flops};
/// Sums over sequences.
constexpr Metric kOncePerSequence[] = {Metric::logits_flops, Metric::decode_flops, Metric::kv_cache_bytes,
                                       Metric::state_bytes};

/// The same of one layer.
constexpr std::optional<Count> GroupEstimate::*kLayerFigures[] = {
    &GroupEstimate::scores_per_layer, &GroupEstimate::attention_macs_per_layer,
    &GroupEstimate::attention_flops_per_layer, &GroupEstimate::linear_flops_per_layer};

Count again_of(const SequenceMix& mix) { return minus_or_zero(mix.sequences(), 1); }

/// Calls visit(group index, part, bytes of one layer) for each part of a cache that keeps the shared tokens.
template <typename Visit>
void visit_shared_cache(const Estimator& estimator, Count shared, Visit&& visit) {
  const Model& model = estimator.model();
  for (std::size_t g = 0; g < model.groups.size(); ++g) {
    if (model.groups[g].stack == Stack::encoder) continue;
    for (const auto& mixer : model.groups[g].mixers) {
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned || !shares_context(part)) continue;
        visit(g, part,
              cache_bytes(precision_of(estimator.kv(), part.role), part.role, part.heads, part.width,
                          cached_tokens(model, part, shared, estimator.context_ranks())));
      }
    }
  }
}

std::optional<Count> minus(const std::optional<Count>& sum, const std::optional<Count>& less) {
  return sum && less ? std::optional(*sum - *less) : std::nullopt;
}

}  // namespace

ReserveRequest mix_request(const Estimator& estimator, Count context, const SequenceMix& mix) {
  ReserveRequest request = estimator.request(context, mix.sequences());
  request.mix = &mix;
  return request;
}

Count shared_tokens_of(const Estimator& estimator, const SequenceMix& mix) {
  const auto shared_tokens = estimator.engine().engine->shared_tokens;
  if (shared_tokens == nullptr || mix.prefix == 0) return 0;
  return shared_tokens(mix_request(estimator, mix.groups.front().tokens, mix));
}

DecodeStep mix_decode_step(const Estimator& estimator, const SequenceMix& mix) {
  DecodeStep sum;
  for (const SequenceGroup& group : mix.groups) {
    const DecodeStep step = estimator.decode_step(group.tokens, group.sequences);
    sum.attention_flops = known_sum(sum.attention_flops, step.attention_flops);
    sum.linear_flops = known_sum(sum.linear_flops, step.linear_flops);
    sum.logits_flops = known_sum(sum.logits_flops, step.logits_flops);
    sum.cache_bytes += step.cache_bytes;
    sum.state_bytes += step.state_bytes;
  }
  return sum;
}

Estimate mix_estimate(const Estimator& estimator, Count context, const SequenceMix& mix, Count shared,
                      MetricSet wanted) {
  const Count sequences = mix.sequences();
  const Count again = again_of(mix);
  Estimate result = estimator.at(context, sequences, wanted);
  std::vector<Estimate> each;
  each.reserve(mix.groups.size());
  for (const SequenceGroup& group : mix.groups) each.push_back(estimator.at(group.tokens, group.sequences));
  const auto add_up = [&each](Metric metric) {
    std::optional<Count> sum = Count{};
    for (const Estimate& one : each) sum = known_sum(sum, one.count(metric));
    return sum;
  };
  const Estimate of_prefix = shared > 0 ? estimator.at(shared, again) : Estimate();
  for (const Metric metric : kOncePerSequence) result[metric] = value_of(add_up(metric));
  for (const Metric metric : kOncePerPrefix) {
    std::optional<Count> sum = add_up(metric);
    if (shared > 0) sum = minus(sum, of_prefix.count(metric));
    result[metric] = value_of(sum);
  }
  if (shared > 0 && estimator.settings().logits == Logits::all) {
    result[Metric::logits_flops] =
        value_of(minus(result.count(Metric::logits_flops), of_prefix.count(Metric::logits_flops)));
  }
  if (const std::optional<Count> cache = result.count(Metric::kv_cache_bytes); cache && shared > 0) {
    Count once;
    visit_shared_cache(estimator, shared, [&](std::size_t g, const CachePart&, Count bytes) {
      once += estimator.model().groups[g].count() * bytes;
    });
    result[Metric::kv_cache_bytes] = *cache - again * once;
  }
  result[Metric::forward_flops] =
      value_of(known_sum(known_sum(result.count(Metric::attention_flops), result.count(Metric::linear_flops)),
                         result.count(Metric::logits_flops)));
  const Count layers = estimator.model().layers();
  result[Metric::scores_per_head] = {};
  for (const auto& [of_layer, total] : kPerLayerOf) result[of_layer] = per_layer(result.count(total), layers);
  if (wanted.has(Metric::kv_reserved_bytes) && result.count(Metric::kv_reserved_bytes)) {
    result[Metric::kv_reserved_bytes] = estimator.engine().engine->reserve(mix_request(estimator, context, mix)).bytes;
  }
  if (const std::optional<Count> bytes = result.count(Metric::decode_bytes)) {
    // Weights are read once, and experts by the number of sequences.
    const DecodeStep alike = estimator.decode_step(context, sequences);
    const DecodeStep step = mix_decode_step(estimator, mix);
    result[Metric::decode_bytes] =
        *bytes - (alike.cache_bytes + alike.state_bytes) + step.cache_bytes + step.state_bytes;
  }
  return result;
}

EstimateDetails mix_details(const Estimator& estimator, Count context, const SequenceMix& mix, Count shared) {
  const Count again = again_of(mix);
  EstimateDetails sum = estimator.details(context, mix.sequences());
  Reserve reserve = estimator.engine().engine->reserve(mix_request(estimator, context, mix));
  sum.reserved_parts = std::move(reserve.parts);
  sum.engine_notes = std::move(reserve.notes);
  for (std::vector<NamedBytes>* parts : {&sum.cache_parts, &sum.state_parts}) {
    for (NamedBytes& part : *parts) part.bytes = 0;
  }
  for (GroupEstimate& row : sum.groups) {
    row.scores_per_head.reset();
    for (const auto figure : kLayerFigures) row.*figure = Count{};
    row.state_bytes_per_layer = Count{};
    row.kv_cache_bytes_per_layer = 0;
  }
  for (const SequenceGroup& group : mix.groups) {
    // The parts and groups are the same at every point, in the same order.
    const EstimateDetails own = estimator.details(group.tokens, group.sequences);
    for (std::size_t i = 0; i < sum.cache_parts.size(); ++i) sum.cache_parts[i].bytes += own.cache_parts[i].bytes;
    for (std::size_t i = 0; i < sum.state_parts.size(); ++i) sum.state_parts[i].bytes += own.state_parts[i].bytes;
    for (std::size_t g = 0; g < sum.groups.size(); ++g) {
      GroupEstimate& row = sum.groups[g];
      for (const auto figure : kLayerFigures) row.*figure = known_sum(row.*figure, own.groups[g].*figure);
      row.state_bytes_per_layer = known_sum(row.state_bytes_per_layer, own.groups[g].state_bytes_per_layer);
      row.kv_cache_bytes_per_layer += own.groups[g].kv_cache_bytes_per_layer;
    }
  }
  if (shared == 0) return sum;
  const EstimateDetails once = estimator.details(shared, again);
  for (std::size_t g = 0; g < sum.groups.size(); ++g) {
    for (const auto figure : kLayerFigures)
      sum.groups[g].*figure = minus(sum.groups[g].*figure, once.groups[g].*figure);
  }
  visit_shared_cache(estimator, shared, [&](std::size_t g, const CachePart& part, Count bytes) {
    sum.groups[g].kv_cache_bytes_per_layer -= again * bytes;
    for (NamedBytes& total : sum.cache_parts) {
      if (total.name == part.name) total.bytes -= sum.groups[g].group->count() * again * bytes;
    }
  });
  return sum;
}

}  // namespace ctxcost
