#include "plan.h"

#include <algorithm>
#include <utility>

#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "engine/live_need.h"
#include "estimate.h"
#include "model/layer_groups.h"

namespace ctxcost {
namespace {

/// How many rows back to look for one that is alike. Models have few kinds of layers; a list of thousands would cost
/// the square of that.
constexpr std::size_t kLookedThrough = 16;

template <typename Rows, typename Alike>
auto find_recent(Rows& rows, Alike alike) {
  const std::size_t looked_at = std::min(rows.size(), kLookedThrough);
  return std::find_if(rows.end() - static_cast<std::ptrdiff_t>(looked_at), rows.end(), alike);
}

/// Returns whether each cached row of a part has the same bytes, on one device.
bool same_bytes_a_row(const CachePart& part, const KvPrecision& kv, Count context_ranks) {
  if (context_ranks != 1 && shares_context(part)) return false;
  const bool own_format = part.role == CacheRole::index || part.role == CacheRole::ids;
  return own_format || precision_of(kv, part.role).packed_tokens() == 0;
}

bool same_span(const Span& a, const Span& b) {
  return a.kind == b.kind && a.limit == b.limit && a.block == b.block && a.stride == b.stride && a.factor == b.factor &&
         a.constant == b.constant;
}

void add_known(std::optional<Count>& sum, std::optional<Count> term) { sum = known_sum(sum, term); }

/// Returns span.tokens(n) and span.tokens(n + 1), for one division.
std::pair<Count, Count> tokens_and_next(const Span& span, Count n) {
  if (n < span.block) return {span.tokens(n), span.tokens(n + 1)};
  const Count whole = (n - span.block) / span.stride;
  const bool another = n - span.block - whole * span.stride + 1 == span.stride;
  const auto tokens = [&span](Count reached) { return span.constant + span.factor * min(span.limit, reached); };
  return {tokens(whole + 1), tokens(another ? whole + 2 : whole + 1)};
}

/// A sum that is unknown if one of its terms is unknown.
struct Total {
  Count value;
  bool known = true;

  void add(const std::optional<Count>& term, Count times) {
    if (!term) {
      known = false;
    } else {
      value += *term * times;
    }
  }
  void put(MetricValue& into) const {
    if (known) into = value;
  }
};

}  // namespace

std::shared_ptr<const EstimatePlan> Estimator::make_plan() const {
  auto plan = std::make_shared<EstimatePlan>();
  EstimateRows& rows = plan->rows;
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const LayerGroup& group = model().groups[g];
    const bool encoder = group.stack == Stack::encoder;
    for (const auto& mixer : group.mixers) {
      const auto same = find_recent(rows.mixers, [&](const EstimateRows::MixerRow& row) {
        return row.encoder == encoder && (row.mixer == mixer.get() || same_mixer(*row.mixer, *mixer));
      });
      if (same == rows.mixers.end()) {
        rows.mixers.push_back({mixer.get(), group.count(), encoder, !mixer->linears_once_a_token()});
      } else {
        same->layers += group.count();
      }
    }
    Term term;
    Count linear;
    visit_linears(term, groups_[g].tensors, [&](const Term& one) {
      if (!one.one) (encoder ? plan->encoder_flops : plan->decoder_flops).reset();
      if (!one.one && !encoder) plan->step_flops.reset();
      if (one.one) linear += *one.one;
    });
    linear *= group.count() * flops_per_mac;
    add_known(encoder ? plan->encoder_flops : plan->decoder_flops, linear);
    if (!encoder) add_known(plan->step_flops, linear);
  }
  for (const EstimateRows::MixerRow& row : rows.mixers) {
    if (row.encoder) continue;
    for (std::size_t p = 0; p < row.mixer->cache().size(); ++p) {
      const CachePart& part = row.mixer->cache()[p];
      const bool alike = same_bytes_a_row(part, kv_, context_ranks_);
      const Count row_bytes = alike ? row.layers * ctxcost::row_bytes(part, kv_, 1) : Count{};
      rows.read_parts.push_back({row.mixer, row.layers, p, row_bytes});
      if (!part.owned) continue;
      if (!alike) {
        plan->kept_parts.push_back({&part, row.layers});
        continue;
      }
      const auto same = find_recent(
          rows.kept_rows, [&](const EstimateRows::KeptRows& kept) { return same_span(kept.part->span, part.span); });
      const Count bytes = part.heads * row_bytes;
      if (same == rows.kept_rows.end()) {
        rows.kept_rows.push_back({&part, bytes});
      } else {
        same->bytes += bytes;
      }
    }
    Term term;
    visit_states(term, *row.mixer, model(), kv_,
                 [&](const Term& one) { plan->known_state_bytes += row.layers * *one.one; });
    if (!row.mixer->state_known()) plan->state_bytes.reset();
  }
  if (plan->state_bytes) plan->state_bytes = plan->known_state_bytes;

  visit_outside_layers(1, 1, [&](const Term& term) {
    if (term.metric == Metric::logits_flops) {
      add_known(plan->row_logits_flops, term.total());
    } else if (term.factors[2].name == kTokens) {
      add_known(plan->decoder_flops, term.total());
    } else {
      plan->once_flops += *term.total();
    }
  });
  visit_step_outside_layers(1, [&](const Term& term) {
    if (term.metric == Metric::decode_flops) add_known(plan->step_flops, term.total());
  });
  for (const DecodeRead& read : decode_reads_) {
    if (read.copies != 0) {
      const auto same = find_recent(plan->read_experts, [&](const EstimatePlan::ReadExperts& experts) {
        return experts.copies == read.copies && experts.active == read.active;
      });
      if (same == plan->read_experts.end()) {
        plan->read_experts.push_back({read.bytes, read.copies, read.active});
      } else {
        same->bytes += read.bytes;
      }
    } else {
      (read.by_sequence ? plan->step_row_bytes : plan->step_weights_bytes) += read.bytes;
    }
  }
  plan->one_length = !model().cross_tokens || (!has_encoder_ && cross_scores_.size == Count{});
  visit_largest(1, 1, [&](const Term& term) {
    if (term.metric == Metric::score_matrix_bytes) plan->pair_bytes = term.total();
    if (term.metric == Metric::flash_workspace_bytes) plan->row_bytes = term.total();
    if (term.metric != Metric::activation_bytes) return;
    if (term.name == "logits") {
      add_known(plan->live_row_bytes, term.total());
    } else {
      plan->live_token_bytes = term.total();
    }
  });
  return plan;
}

Estimator::RowSums Estimator::sum_rows(const EstimateRows& rows, Count context, MetricSet wanted) const {
  RowSums sums;
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  const Count source = stack_length(Stack::encoder, context);
  if (wanted.has_any(kMixingMetrics)) {
    bool first = true;
    for (const EstimateRows::MixerRow& row : rows.mixers) {
      const std::optional<Work> work = row.mixer->prefill(row.encoder ? source : context, settings_.convention.pairs);
      const std::optional<Count> heads = work ? work->scores_per_head : std::nullopt;
      if (!heads || (!first && sums.heads != heads)) sums.heads_agree = false;
      sums.heads = heads;
      first = false;
      if (!work || !work->macs_known) sums.macs_known = false;
      if (!work) {
        sums.scores_known = false;
        continue;
      }
      sums.scores += work->scores * row.layers;
      if (!work->macs_known) continue;
      const Count of_layers = work->macs * row.layers;
      sums.macs += of_layers;
      sums.attention += flops_per_mac * of_layers + work->scalar_operations * row.layers;
    }
  }
  if (wanted.has_any(kLinearMetrics)) {
    for (const EstimateRows::MixerRow& row : rows.mixers) {
      if (!row.linears_apart) continue;
      const std::optional<Count> macs = row.mixer->linear_macs(row.encoder ? source : context);
      if (!macs) sums.linear_known = false;
      if (macs) sums.linear += *macs * row.layers * flops_per_mac;
    }
  }
  if (wanted.has_any(kCacheMetrics)) {
    for (const EstimateRows::KeptRows& kept : rows.kept_rows) {
      if (kept.part->span.kind == Span::Kind::cross) {
        sums.cache += kept.bytes * kept.part->span.tokens(cached_context(model(), *kept.part, context));
        sums.next_cache += kept.bytes * kept.part->span.tokens(cached_context(model(), *kept.part, context + 1));
        continue;
      }
      const auto [tokens, next] = tokens_and_next(kept.part->span, context);
      sums.cache += kept.bytes * tokens;
      sums.next_cache += kept.bytes * next;
    }
  }
  if (!steps(context)) return sums;
  if (wanted.has(Metric::decode_flops)) {
    for (const EstimateRows::MixerRow& row : rows.mixers) {
      if (row.encoder) continue;
      const std::optional<Work> work = row.mixer->decode(context);
      if (!work || !work->macs_known) {
        sums.step_known = false;
      } else {
        sums.step += (flops_per_mac * work->macs + work->scalar_operations) * row.layers;
      }
      if (!row.linears_apart) continue;
      const std::optional<Count> macs = row.mixer->decode_linear_macs(context);
      if (!macs) sums.step_known = false;
      if (macs) sums.step += *macs * row.layers * flops_per_mac;
    }
  }
  if (wanted.has(Metric::decode_bytes) && weights_known_) {
    for (const EstimateRows::ReadPart& read : rows.read_parts) {
      const Count read_rows = read.mixer->rows_read(read.part, context);
      if (read.bytes != 0) {
        sums.read += read.bytes * read_rows;
        continue;
      }
      const CachePart& part = read.mixer->cache()[read.part];
      sums.read += read.layers * ctxcost::row_bytes(part, kv_, rank_rows(part, read_rows, context_ranks_));
    }
  }
  return sums;
}

/// Weights that a step of all sequences reads.
Count Estimator::step_weights(Count batch) const {
  Count bytes = plan_->step_weights_bytes;
  for (const EstimatePlan::ReadExperts& experts : plan_->read_experts) {
    bytes += experts.bytes * min(experts.copies, batch * experts.active);
  }
  return bytes;
}

void Estimator::evaluate(const EstimateRows& rows, Count context, Count batch, MetricSet wanted,
                         Estimate& result) const {
  const EstimatePlan& plan = *plan_;
  const RowSums sums = sum_rows(rows, context, wanted);
  const auto put = [&result](Metric metric) -> MetricValue& { return result[metric]; };
  result[Metric::context] = context;
  result[Metric::batch] = batch;

  const Count attention = sums.attention * batch;
  if (wanted.has_any(kMixingMetrics)) {
    const Count scores = sums.scores * batch;
    const Count macs = sums.macs * batch;
    if (sums.scores_known) put(Metric::scores) = scores;
    if (sums.macs_known) put(Metric::attention_macs) = macs;
    if (sums.macs_known) put(Metric::attention_flops) = attention;
    if (sums.heads_agree && sums.heads) put(Metric::scores_per_head) = *sums.heads;
    if (wanted.has_any(kPerLayerMetrics)) {
      if (sums.scores_known) put(Metric::scores_per_layer) = per_layer(scores, layers_);
      if (sums.macs_known) put(Metric::attention_macs_per_layer) = per_layer(macs, layers_);
      if (sums.macs_known) put(Metric::attention_flops_per_layer) = per_layer(attention, layers_);
    }
  }
  Total linear, logits;
  if (wanted.has_any(kLinearMetrics)) {
    linear.known = sums.linear_known;
    linear.add(plan.decoder_flops, context * batch);
    if (has_encoder_) linear.add(plan.encoder_flops, stack_length(Stack::encoder, context) * batch);
    linear.value += (plan.once_flops + sums.linear) * batch;
    linear.put(put(Metric::linear_flops));
  }
  const Count logit_rows = ctxcost::logit_rows(settings_.logits, context);
  if (wanted.has_any(kLogitsMetrics)) {
    logits.add(plan.row_logits_flops, logit_rows * batch);
    logits.put(put(Metric::logits_flops));
  }
  if (wanted.has(Metric::forward_flops) && sums.macs_known && linear.known && logits.known) {
    put(Metric::forward_flops) = attention + linear.value + logits.value;
  }

  Count cache;  // of one sequence
  if (wanted.has_any(kCacheMetrics)) {
    const auto apart = [&](Count n) {
      Count bytes;
      for (const auto& [part, layers] : plan.kept_parts) {
        bytes += layers * cache_bytes(precision_of(kv_, part->role), part->role, part->heads, part->width,
                                      cached_tokens(model(), *part, n, context_ranks_));
      }
      return bytes;
    };
    cache = sums.cache + apart(context);
    put(Metric::kv_cache_bytes) = cache * batch;
    // KIVI packs a group of tokens at once, so that one more token may need fewer bytes. The figure is then 0.
    if (wanted.has(Metric::kv_bytes_per_token)) {
      put(Metric::kv_bytes_per_token) = minus_or_zero(sums.next_cache + apart(context + 1), cache);
    }
  }
  if (wanted.has_any(kStateMetrics) && plan.state_bytes) {
    put(Metric::state_bytes) = *plan.state_bytes * batch;
    if (wanted.has(Metric::kv_reserved_bytes)) {
      put(Metric::kv_reserved_bytes) =
          engine_.engine->live_need ? (cache + *plan.state_bytes) * batch : reserve(context, batch).bytes;
    }
  }

  if (wanted.has_any(kStepMetrics) && steps(context)) {
    if (wanted.has(Metric::decode_flops) && sums.step_known && plan.step_flops) {
      put(Metric::decode_flops) = (*plan.step_flops + sums.step) * batch;
    }
    if (wanted.has(Metric::decode_bytes) && weights_known_) {
      // A state is read and written.
      const Count of_sequence = sums.read + 2 * plan.known_state_bytes + plan.step_row_bytes;
      put(Metric::decode_bytes) = of_sequence * batch + step_weights(batch);
    }
  }

  if (wanted.has_any(kLargestMetrics)) {
    if (!plan.one_length) {
      put_largest(context, batch, result);
    } else {
      if (wanted.has(Metric::score_matrix_bytes) && plan.pair_bytes) {
        put(Metric::score_matrix_bytes) = *plan.pair_bytes * (context * context) * batch;
      }
      if (wanted.has(Metric::flash_workspace_bytes) && plan.row_bytes) {
        put(Metric::flash_workspace_bytes) = *plan.row_bytes * context * batch;
      }
      if (wanted.has(Metric::activation_bytes)) {
        Total live;
        live.add(plan.live_token_bytes, min(context, kActivationTokens) * batch);
        live.add(plan.live_row_bytes, logit_rows * batch);
        live.put(put(Metric::activation_bytes));
      }
    }
  }

  for (const Metric metric : kConstantMetrics) {
    if (const auto& value = constants_[static_cast<std::size_t>(metric)]) result[metric] = *value;
  }
  if (const auto status = window_status(model().positions, context)) result[Metric::window_status] = *status;
}

Estimate Estimator::add_up(Count context, Count batch, MetricSet wanted) const {
  Estimate result;
  if (plan_ != nullptr) {
    try {
      evaluate(plan_->rows, context, batch, wanted, result);
      // A few metrics alone (searches for a limit) are soon added up.
      const bool whole =
          wanted.has(Metric::forward_flops) && wanted.has(Metric::decode_bytes) && wanted.has(Metric::activation_bytes);
      if (whole) count_point(context);
      return result;
    } catch (const CountOverflow&) {
      // The terms say which of them does not fit.
    }
  }
  try {
    result = sum_terms(context, batch);
  } catch (const CountOverflow& overflow) {
    throw overflow_at(context, batch, overflow);
  }
  return result;
}

/// Where queries and keys differ in number, the layer with most of them depends on the context. The terms are those of
/// `visit_largest`.
void Estimator::put_largest(Count context, Count batch, Estimate& result) const {
  const Count source = stack_length(Stack::encoder, context);
  const Count decoder = *decoder_scores_.size * context;
  const Count cross = *cross_scores_.size * context;
  const Count encoder = *encoder_scores_.size * source;
  const Count activation_bytes = model().activation.row_bytes(1);
  result[Metric::score_matrix_bytes] = max(decoder * context, max(cross, encoder) * source) * batch * activation_bytes;
  result[Metric::flash_workspace_bytes] = max(decoder, max(cross, encoder)) * batch * kFp32Bytes;
  const auto live = [this](const Widest& widest, Count tokens) {
    return min(tokens, kActivationTokens) * (2 * *model().d_model + *widest.size);
  };
  const bool known = decoder_activation_.size && (!has_encoder_ || encoder_activation_.size);
  if (!known || !plan_->live_row_bytes) return;
  const Count of_encoder = has_encoder_ ? live(encoder_activation_, source) : Count{};
  result[Metric::activation_bytes] = max(live(decoder_activation_, context), of_encoder) * batch * activation_bytes +
                                     *plan_->live_row_bytes * logit_rows(settings_.logits, context) * batch;
}

std::vector<std::optional<Count>> Estimator::scores_per_head(Count context) const {
  std::vector<std::optional<Count>> heads;
  heads.reserve(plan_->rows.mixers.size());
  for (const EstimateRows::MixerRow& row : plan_->rows.mixers) {
    const Count tokens = row.encoder ? stack_length(Stack::encoder, context) : context;
    const std::optional<Work> work = row.mixer->prefill(tokens, settings_.convention.pairs);
    heads.push_back(work ? work->scores_per_head : std::nullopt);
  }
  return heads;
}

Count Estimator::polynomial_until(Count context, MetricSet wanted) const {
  // Far beyond any model, where the next multiple of a chunk might not fit.
  if (context == 0 || !context.fits_u64() || plan_ == nullptr) return context;
  const EstimatePlan& plan = *plan_;
  Count until = kEndless;
  if (wanted.has_any(kMixingMetrics) || wanted.has_any(kLinearMetrics) || wanted.has_any(kStepMetrics)) {
    for (const EstimateRows::MixerRow& row : plan.rows.mixers) {
      if (row.encoder && model().cross_tokens) continue;
      until = min(until, row.mixer->polynomial_until(context));
    }
  }
  if (wanted.has_any(kCacheMetrics)) {
    for (const EstimateRows::KeptRows& kept : plan.rows.kept_rows) {
      const Span& span = kept.part->span;
      if (span.kind == Span::Kind::cross && model().cross_tokens) continue;
      until = min(until, kept_until(span, context));
    }
    if (!plan.kept_parts.empty()) return context;
  }
  if (wanted.has(Metric::decode_bytes)) {
    for (const EstimateRows::ReadPart& read : plan.rows.read_parts) {
      if (read.bytes == 0) return context;
    }
  }
  if (wanted.has_any(kLargestMetrics)) {
    if (!plan.one_length) return context;
    until = min(until, until_bound(context, kActivationTokens));
  }
  if (wanted.has(Metric::kv_reserved_bytes) && !engine_.engine->live_need) return context;
  const Positions& positions = model().positions;
  for (const std::optional<Count>& bound :
       {positions.hard_limit, positions.trained_context, positions.effective_context}) {
    if (bound && context <= *bound) until = min(until, *bound);
  }
  return max(until, context);
}

}  // namespace ctxcost
