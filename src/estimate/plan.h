// What `Estimator::at` adds up at each point: the terms of the walk (estimate.h), with everything that does not depend
// on the point summed once, and layers and cache parts that are alike taken together.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ctxcost/estimate/estimate.h"
#include "ctxcost/mechanism/mechanism.h"

namespace ctxcost {

/// What is counted again for each context.
struct EstimateRows {
  /// Mixers that are alike.
  struct MixerRow {
    const Mixer* mixer;
    Count layers;
    bool encoder;
    bool linears_apart;  ///< its projections do not work once a token
  };
  /// Cache parts that keep the same tokens.
  struct KeptRows {
    const CachePart* part;  ///< one of them
    Count bytes;            ///< of one token, of all layers
  };
  /// A cache part that a decode step reads.
  struct ReadPart {
    const Mixer* mixer;
    Count layers;
    std::size_t part;  ///< of the mixer's cache
    Count bytes;       ///< of one row, of all layers; 0: it is counted by itself
  };

  std::vector<MixerRow> mixers;
  std::vector<KeptRows> kept_rows;
  std::vector<ReadPart> read_parts;
  bool empty() const { return mixers.empty() && kept_rows.empty(); }
};

struct FoldedPlan;

struct EstimatePlan {
  /// A cache part whose bytes are not so many a token: KIVI's, or tokens that several devices share.
  struct KeptPart {
    const CachePart* part;
    Count layers;
  };
  /// Experts of all layers of a group. min(copies, batch active) are read.
  struct ReadExperts {
    Count bytes, copies, active;
  };

  EstimateRows rows;
  std::vector<KeptPart> kept_parts;
  std::vector<ReadExperts> read_experts;

  // Of one sequence. FLOPs are those of the convention.
  std::optional<Count> state_bytes = Count{};
  Count known_state_bytes;                          ///< without states of unknown size
  std::optional<Count> decoder_flops = Count{};     ///< linear work of a token in the decoder and outside the layers
  std::optional<Count> encoder_flops = Count{};     ///< and in the encoder
  Count once_flops;                                 ///< linear work of a sequence
  std::optional<Count> row_logits_flops = Count{};  ///< of one row of logits
  std::optional<Count> step_flops = Count{};        ///< of a decode step: linear work, and one row of logits
  Count step_weights_bytes;                         ///< weights that every decode step reads
  Count step_row_bytes;                             ///< and rows of tables for each sequence
  /// Queries and keys are as many as the context's tokens: the largest layer is the same at every context, and the
  /// figures below are known.
  bool one_length = false;
  std::optional<Count> pair_bytes, row_bytes;     ///< of the scores of one pair, and of the log-sum-exp of one row
  std::optional<Count> live_token_bytes;          ///< live activations of a token
  std::optional<Count> live_row_bytes = Count{};  ///< of one row of logits

  /// Estimators of many points fold the plan (folded.h). Copies of an estimator share it, in any thread.
  mutable std::atomic<const FoldedPlan*> folded = nullptr;
  mutable std::atomic<std::uint32_t> points = 0;  ///< that were evaluated before

  EstimatePlan() = default;
  EstimatePlan(const EstimatePlan&) = delete;
  EstimatePlan& operator=(const EstimatePlan&) = delete;
  ~EstimatePlan();
};

// Metrics that are counted together.
inline constexpr MetricSet kMixingMetrics = {Metric::scores_per_head,
                                             Metric::scores_per_layer,
                                             Metric::scores,
                                             Metric::attention_macs,
                                             Metric::attention_macs_per_layer,
                                             Metric::attention_flops,
                                             Metric::attention_flops_per_layer,
                                             Metric::forward_flops};
inline constexpr MetricSet kPerLayerMetrics = {Metric::scores_per_layer, Metric::attention_macs_per_layer,
                                               Metric::attention_flops_per_layer};
inline constexpr MetricSet kLinearMetrics = {Metric::linear_flops, Metric::forward_flops};
inline constexpr MetricSet kLogitsMetrics = {Metric::logits_flops, Metric::forward_flops};
inline constexpr MetricSet kStepMetrics = {Metric::decode_flops, Metric::decode_bytes};
inline constexpr MetricSet kCacheMetrics = {Metric::kv_cache_bytes, Metric::kv_bytes_per_token,
                                            Metric::kv_reserved_bytes};
inline constexpr MetricSet kStateMetrics = {Metric::state_bytes, Metric::kv_reserved_bytes};
inline constexpr MetricSet kLargestMetrics = {Metric::score_matrix_bytes, Metric::flash_workspace_bytes,
                                              Metric::activation_bytes};

/// Returns the last context up to which span.tokens(n) is one polynomial.
inline Count span_until(const Span& span, Count n) {
  if (n < span.block) return span.block - 1;
  const Count reached = (n - span.block) / span.stride + 1;
  if (reached >= span.limit) return kEndless;
  if (span.stride != 1) return span.block + reached * span.stride - 1;
  return span.limit > kEndless - span.block ? kEndless : span.block + span.limit - 1;
}

/// The same for the bytes that a cache part keeps, and with one more token.
inline Count kept_until(const Span& span, Count n) { return min(span_until(span, n), span_until(span, n + 1) - 1); }

/// What rows add up to, of one sequence.
struct Estimator::RowSums {
  Count scores, macs, attention, linear, step, read, cache, next_cache;
  bool scores_known = true, macs_known = true, linear_known = true, step_known = true;
  bool heads_agree = true;
  std::optional<Count> heads;  ///< scores per head of the last mixer
};

}  // namespace ctxcost
