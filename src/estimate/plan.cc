#include "plan.h"

#include <algorithm>

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

/// Returns the last context up to which span.tokens(n) is one polynomial.
Count span_until(const Span& span, Count n) {
  if (n < span.block) return span.block - 1;
  const Count reached = (n - span.block) / span.stride + 1;
  if (reached >= span.limit) return kEndless;
  if (span.stride != 1) return span.block + reached * span.stride - 1;
  return span.limit > kEndless - span.block ? kEndless : span.block + span.limit - 1;
}

constexpr MetricSet kMixing = {Metric::scores_per_head,
                               Metric::scores_per_layer,
                               Metric::scores,
                               Metric::attention_macs,
                               Metric::attention_macs_per_layer,
                               Metric::attention_flops,
                               Metric::attention_flops_per_layer,
                               Metric::forward_flops};
constexpr MetricSet kPerLayer = {Metric::scores_per_layer, Metric::attention_macs_per_layer,
                                 Metric::attention_flops_per_layer};
constexpr MetricSet kLinear = {Metric::linear_flops, Metric::forward_flops};
constexpr MetricSet kLogits = {Metric::logits_flops, Metric::forward_flops};
constexpr MetricSet kStep = {Metric::decode_flops, Metric::decode_bytes};
constexpr MetricSet kCache = {Metric::kv_cache_bytes, Metric::kv_bytes_per_token, Metric::kv_reserved_bytes};
constexpr MetricSet kState = {Metric::state_bytes, Metric::kv_reserved_bytes};
constexpr MetricSet kLargest = {Metric::score_matrix_bytes, Metric::flash_workspace_bytes, Metric::activation_bytes};

MetricValue quotient(Count total, Count layers) {
  if (layers == 0) return {};
  const Count each = total / layers;
  return each * layers == total ? MetricValue(each) : MetricValue();
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
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const LayerGroup& group = model().groups[g];
    const bool encoder = group.stack == Stack::encoder;
    for (const auto& mixer : group.mixers) {
      const auto same = find_recent(plan->mixers, [&](const EstimatePlan::MixerRow& row) {
        return row.encoder == encoder && (row.mixer == mixer.get() || same_mixer(*row.mixer, *mixer));
      });
      if (same == plan->mixers.end()) {
        plan->mixers.push_back({mixer.get(), group.count(), encoder, !mixer->linears_once_a_token()});
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
  for (std::size_t m = 0; m < plan->mixers.size(); ++m) {
    const EstimatePlan::MixerRow& row = plan->mixers[m];
    if (row.encoder) continue;
    for (std::size_t p = 0; p < row.mixer->cache().size(); ++p) {
      const CachePart& part = row.mixer->cache()[p];
      const bool alike = same_bytes_a_row(part, kv_, context_ranks_);
      const Count row_bytes = alike ? row.layers * ctxcost::row_bytes(part, kv_, 1) : Count{};
      plan->read_parts.push_back({m, p, row_bytes});
      if (!part.owned) continue;
      if (!alike) {
        plan->kept_parts.push_back({&part, row.layers});
        continue;
      }
      const auto same = find_recent(
          plan->kept_rows, [&](const EstimatePlan::KeptRows& kept) { return same_span(kept.part->span, part.span); });
      const Count bytes = part.heads * row_bytes;
      if (same == plan->kept_rows.end()) {
        plan->kept_rows.push_back({&part, bytes});
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
      plan->read_experts.push_back({read.bytes, read.copies, read.active});
    } else {
      (read.by_sequence ? plan->step_row_bytes : plan->step_weights_bytes) += read.bytes;
    }
  }
  plan->one_length = !has_encoder_ && cross_scores_.size == Count{};
  if (!plan->one_length) return plan;
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

void Estimator::evaluate(Count context, Count batch, MetricSet wanted, Estimate& result) const {
  const EstimatePlan& plan = *plan_;
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  const Count source = stack_length(Stack::encoder, context);
  const auto put = [&result](Metric metric) -> MetricValue& { return result[metric]; };
  result[Metric::context] = context;
  result[Metric::batch] = batch;

  Total attention, linear, logits;
  if (wanted.has_any(kMixing)) {
    Total scores, macs;
    bool heads_agree = true;
    std::optional<Count> per_head;
    bool first = true;
    for (const EstimatePlan::MixerRow& row : plan.mixers) {
      const std::optional<Work> work = row.mixer->prefill(row.encoder ? source : context, settings_.convention.pairs);
      const Count times = row.layers * batch;
      const std::optional<Count> heads = work ? work->scores_per_head : std::nullopt;
      if (!heads || (!first && per_head != heads)) heads_agree = false;
      per_head = heads;
      first = false;
      if (!work || !work->macs_known) attention.known = macs.known = false;
      if (!work) {
        scores.known = false;
        continue;
      }
      scores.value += work->scores * times;
      if (!work->macs_known) continue;
      const Count of_layers = work->macs * times;
      macs.value += of_layers;
      attention.value += flops_per_mac * of_layers + work->scalar_operations * times;
    }
    scores.put(put(Metric::scores));
    macs.put(put(Metric::attention_macs));
    attention.put(put(Metric::attention_flops));
    if (heads_agree && per_head) put(Metric::scores_per_head) = *per_head;
    if (wanted.has_any(kPerLayer)) {
      if (scores.known) put(Metric::scores_per_layer) = quotient(scores.value, layers_);
      if (macs.known) put(Metric::attention_macs_per_layer) = quotient(macs.value, layers_);
      if (attention.known) put(Metric::attention_flops_per_layer) = quotient(attention.value, layers_);
    }
  }
  if (wanted.has_any(kLinear)) {
    linear.add(plan.decoder_flops, context * batch);
    if (has_encoder_) linear.add(plan.encoder_flops, source * batch);
    linear.value += plan.once_flops * batch;
    for (const EstimatePlan::MixerRow& row : plan.mixers) {
      if (row.linears_apart) {
        linear.add(row.mixer->linear_macs(row.encoder ? source : context), row.layers * batch * flops_per_mac);
      }
    }
    linear.put(put(Metric::linear_flops));
  }
  const Count rows = logit_rows(settings_.logits, context);
  if (wanted.has_any(kLogits)) {
    logits.add(plan.row_logits_flops, rows * batch);
    logits.put(put(Metric::logits_flops));
  }
  if (wanted.has(Metric::forward_flops) && attention.known && linear.known && logits.known) {
    put(Metric::forward_flops) = attention.value + linear.value + logits.value;
  }

  Count cache;  // of one sequence
  if (wanted.has_any(kCache)) {
    const auto sum = [&](Count n) {
      Count bytes;
      for (const EstimatePlan::KeptRows& kept : plan.kept_rows) {
        bytes += kept.bytes * kept.part->span.tokens(cached_context(model(), *kept.part, n));
      }
      for (const auto& [part, layers] : plan.kept_parts) {
        bytes += layers * cache_bytes(precision_of(kv_, part->role), part->role, part->heads, part->width,
                                      cached_tokens(model(), *part, n, context_ranks_));
      }
      return bytes;
    };
    cache = sum(context);
    put(Metric::kv_cache_bytes) = cache * batch;
    // KIVI packs a group of tokens at once, so that one more token may need fewer bytes. The figure is then 0.
    if (wanted.has(Metric::kv_bytes_per_token)) {
      put(Metric::kv_bytes_per_token) = minus_or_zero(sum(context + 1), cache);
    }
  }
  if (wanted.has_any(kState) && plan.state_bytes) {
    put(Metric::state_bytes) = *plan.state_bytes * batch;
    if (wanted.has(Metric::kv_reserved_bytes)) {
      put(Metric::kv_reserved_bytes) =
          engine_.engine->live_need ? (cache + *plan.state_bytes) * batch : reserve(context, batch).bytes;
    }
  }

  if (wanted.has_any(kStep) && steps(context)) {
    if (wanted.has(Metric::decode_flops)) {
      Total flops;
      flops.add(plan.step_flops, batch);
      for (const EstimatePlan::MixerRow& row : plan.mixers) {
        if (row.encoder) continue;
        const std::optional<Work> work = row.mixer->decode(context);
        const Count times = row.layers * batch;
        if (!work || !work->macs_known) {
          flops.known = false;
        } else {
          flops.value += (flops_per_mac * work->macs + work->scalar_operations) * times;
        }
        if (row.linears_apart) flops.add(row.mixer->decode_linear_macs(context), times * flops_per_mac);
      }
      flops.put(put(Metric::decode_flops));
    }
    if (wanted.has(Metric::decode_bytes) && stored_) {
      Count bytes;  // of one sequence
      for (const EstimatePlan::ReadPart& read : plan.read_parts) {
        const EstimatePlan::MixerRow& row = plan.mixers[read.mixer];
        const CachePart& part = row.mixer->cache()[read.part];
        const Count read_rows = row.mixer->rows_read(read.part, context);
        bytes += read.bytes != 0
                     ? read.bytes * read_rows
                     : row.layers * ctxcost::row_bytes(part, kv_, rank_rows(part, read_rows, context_ranks_));
      }
      // A state is read and written.
      bytes = (bytes + 2 * plan.known_state_bytes + plan.step_row_bytes) * batch + plan.step_weights_bytes;
      for (const EstimatePlan::ReadExperts& experts : plan.read_experts) {
        bytes += experts.bytes * min(experts.copies, batch * experts.active);
      }
      put(Metric::decode_bytes) = bytes;
    }
  }

  if (wanted.has_any(kLargest)) {
    if (!plan.one_length) {
      Total sums[3];
      constexpr Metric kOf[3] = {Metric::score_matrix_bytes, Metric::flash_workspace_bytes, Metric::activation_bytes};
      visit_largest(context, batch, [&](const Term& term) {
        for (std::size_t i = 0; i < 3; ++i) {
          if (term.metric == kOf[i]) sums[i].add(term.total(), 1);
        }
      });
      for (std::size_t i = 0; i < 3; ++i) sums[i].put(put(kOf[i]));
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
        live.add(plan.live_row_bytes, rows * batch);
        live.put(put(Metric::activation_bytes));
      }
    }
  }

  for (const Metric metric : kConstantMetrics) {
    if (const auto& value = constants_[static_cast<std::size_t>(metric)]) result[metric] = *value;
  }
  if (const auto status = window_status(model().positions, context)) result[Metric::window_status] = *status;
}

std::vector<std::optional<Count>> Estimator::scores_per_head(Count context) const {
  std::vector<std::optional<Count>> heads;
  heads.reserve(plan_->mixers.size());
  for (const EstimatePlan::MixerRow& row : plan_->mixers) {
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
  if (wanted.has_any(kMixing) || wanted.has_any(kLinear) || wanted.has_any(kStep)) {
    for (const EstimatePlan::MixerRow& row : plan.mixers) {
      if (row.encoder && model().cross_tokens) continue;
      until = min(until, row.mixer->polynomial_until(context));
    }
  }
  if (wanted.has_any(kCache)) {
    for (const EstimatePlan::KeptRows& kept : plan.kept_rows) {
      const Span& span = kept.part->span;
      if (span.kind == Span::Kind::cross && model().cross_tokens) continue;
      // The bytes of one more token, too.
      until = min(until, min(span_until(span, context), span_until(span, context + 1) - 1));
    }
    if (!plan.kept_parts.empty()) return context;
  }
  if (wanted.has(Metric::decode_bytes)) {
    for (const EstimatePlan::ReadPart& read : plan.read_parts) {
      if (read.bytes == 0) return context;
    }
  }
  if (wanted.has_any(kLargest)) {
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
