// From a model and a workload to every metric: sums of named terms, exact.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// A named part of a total: "keys", "index keys", "mixer", "feed_forward".
struct NamedBytes {
  std::string_view name;
  Count bytes;
};

/// One group of identical layers at one point; per layer and for all b sequences.
struct GroupEstimate {
  const LayerGroup* group = nullptr;
  std::optional<Count> scores_per_head;  ///< of one sequence
  std::optional<Count> scores_per_layer;
  std::optional<Count> attention_macs_per_layer;
  std::optional<Count> attention_flops_per_layer;
  std::optional<Count> linear_flops_per_layer;
  Count kv_cache_bytes_per_layer;
  std::optional<Count> state_bytes_per_layer;
  std::optional<Count> parameters_per_layer;
};

/// Every metric at one point of the grid.
struct Estimate {
  std::array<MetricValue, kMetricCount> values;
  const MetricValue& operator[](Metric metric) const { return values[static_cast<std::size_t>(metric)]; }
  MetricValue& operator[](Metric metric) { return values[static_cast<std::size_t>(metric)]; }
  /// The integer of a metric, or empty.
  std::optional<Count> count(Metric metric) const {
    const Count* value = std::get_if<Count>(&(*this)[metric]);
    return value == nullptr ? std::nullopt : std::optional<Count>(*value);
  }
};

/// The step that reads the n-th token, by part, for all b sequences.
struct DecodeStep {
  std::optional<Count> attention_flops = Count{};
  std::optional<Count> linear_flops = Count{};
  std::optional<Count> logits_flops = Count{};
  Count cache_bytes;  ///< rows read, and the new one written
  Count state_bytes;  ///< read and written
};

/// What `Estimator::details` adds for documents that show it.
struct EstimateDetails {
  std::vector<NamedBytes> cache_parts;       ///< sum: kv_cache_bytes
  std::vector<NamedBytes> state_parts;       ///< sum: state_bytes
  std::vector<ReservedPart> reserved_parts;  ///< sum: kv_reserved_bytes
  std::vector<GroupEstimate> groups;
  std::vector<std::string> notes;         ///< of the model, the mixers and the cache
  std::vector<std::string> engine_notes;  ///< of the engine on the whole model
};

/// Evaluates one model under fixed settings at many points. Whatever does not depend on the point (parameters, tensor
/// bytes) is summed once; the cost of a point depends on the number of layer groups, never on that of layers.
class Estimator {
 public:
  /// `settings.context` and `settings.batch` are not looked at. The model is taken over or shared.
  /// Throws InputError when the weight scheme cannot store the model.
  /// Of `context_ranks` devices that share the context's tokens, caches are those of one; work is that of all.
  Estimator(SharedModel model, const Workload& settings, EngineChoice engine = ideal_engine(), Count context_ranks = 1);

  /// All metrics for b sequences of n tokens, except the growth ratios, which need a first point.
  /// Throws InputError where an integer leaves 128 bits, naming the model, n and b; or where the engine refuses.
  Estimate at(Count context, Count batch) const;
  EstimateDetails details(Count context, Count batch) const;
  /// Of a model that decodes, n at least 1. Throws CountOverflow.
  DecodeStep decode_step(Count context, Count batch) const;

  const Model& model() const { return *model_; }
  const SharedModel& shared_model() const { return model_; }
  const KvPrecision& kv() const { return kv_; }
  /// The scheme in force: never one that leaves the choice to the model's file.
  const WeightScheme& weights() const { return weights_; }
  /// Every tensor in its type; empty where tensors of the model are unknown.
  const std::optional<std::vector<StoredTensor>>& stored_tensors() const { return stored_; }
  const Workload& settings() const { return settings_; }
  const EngineChoice& engine() const { return engine_; }
  Count context_ranks() const { return context_ranks_; }

 private:
  /// What one layer of a group costs, summed over its tensors once.
  struct GroupConstants {
    std::optional<Count> parameters;
    std::optional<Count> feed_forward_macs;  // of one token
  };
  /// Experts of one kind in a group: min(count, batch * active) of them are read in a decode step.
  struct RoutedBytes {
    Count layers, count, active, bytes_each;
  };
  struct Mixing;

  void sum_tensors();
  void add_group_tensors(const LayerGroup& group);
  void sum_stored();
  Estimate evaluate(Count context, Count batch) const;
  Mixing mixing(Count context) const;
  Count live_cache(Count context) const;
  Count group_cache(const LayerGroup& group, Count context) const;
  std::optional<Count> group_state(const LayerGroup& group) const;
  Count decode_weight_bytes(Count batch) const;
  Count stack_length(Stack stack, Count context) const;
  Count score_matrix_elements(Count context) const;
  Count score_rows(Count context) const;
  std::optional<Count> activation_elements(Count context) const;

  SharedModel model_;
  Workload settings_;
  EngineChoice engine_;
  Count context_ranks_;
  KvPrecision kv_;
  WeightScheme weights_;
  std::optional<std::vector<StoredTensor>> stored_;

  std::vector<GroupConstants> groups_;  // as model_->groups
  std::optional<Count> parameters_;
  std::optional<Count> parameters_non_embedding_;
  std::optional<Count> active_parameters_;
  std::optional<Count> active_without_embedding_;
  std::optional<Count> weights_bytes_;
  std::optional<Count> decode_weights_bytes_;  // read by every decode step, whatever the batch
  Count decode_row_bytes_;                     // tables of which each sequence reads a row
  std::vector<RoutedBytes> routed_;
  std::optional<Count> head_macs_;  // of one row of logits; 0 without a head
  Count once_macs_;                 // once a sequence: a pooler
  Count token_macs_;                // once a token outside the layers: projections of the embedding
  /// Of each stack, which works at its own length.
  struct StackWidths {
    std::optional<Count> widest_activation = Count{};  // max(2F, Q) over the layers
    Count score_heads;                                 // of the layer with most
  };
  StackWidths& widths(Stack stack) { return stack == Stack::encoder ? encoder_ : decoder_; }
  StackWidths encoder_, decoder_;
  Count cross_heads_;  // of the cross-attention with most: decoder queries, encoder keys
};

/// `trained` < `scaled` < `beyond` < `impossible` (docs/cost-model.md section 10); empty where the file states no
/// window.
std::optional<std::string_view> window_status(const Positions& positions, Count context);

}  // namespace ctxcost
