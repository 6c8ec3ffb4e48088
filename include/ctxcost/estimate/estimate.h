// Computes every metric of a model under a workload, as exact sums of named terms.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/term.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost {

/// A named part of a total: "keys", "index keys", "mixer", "feed_forward".
struct NamedBytes {
  std::string_view name;
  Count bytes;
};

/// One group of identical layers at one point. Figures are per layer and for all b sequences.
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
  /// Returns the integer of a metric, or empty.
  std::optional<Count> count(Metric metric) const {
    const Count* value = std::get_if<Count>(&(*this)[metric]);
    return value == nullptr ? std::nullopt : std::optional<Count>(*value);
  }
};

/// The decode step that reads the n-th token, by part, for all b sequences.
struct DecodeStep {
  std::optional<Count> attention_flops = Count{};
  std::optional<Count> linear_flops = Count{};
  std::optional<Count> logits_flops = Count{};
  Count cache_bytes;  ///< rows read, and the new row written
  Count state_bytes;  ///< read and written
};

/// Further figures for documents, from `Estimator::details`.
struct EstimateDetails {
  std::vector<NamedBytes> cache_parts;       ///< their sum is kv_cache_bytes
  std::vector<NamedBytes> state_parts;       ///< their sum is state_bytes
  std::vector<ReservedPart> reserved_parts;  ///< their sum is kv_reserved_bytes
  std::vector<GroupEstimate> groups;
  std::vector<std::string> notes;         ///< of the model, the mixers and the cache
  std::vector<std::string> engine_notes;  ///< of the engine on the whole model
};

struct EstimatePlan;
struct EstimateRows;
struct FoldedPiece;
struct FoldedPlan;

/// Returns all counts of details, in order. Null for those that are unknown.
std::vector<Count*> counts_of(EstimateDetails& details);

/// Evaluates one model under fixed settings at many points. Figures that do not depend on the point (parameters, tensor
/// bytes) are summed once. The cost of a point depends on the number of layer groups, not of layers.
class Estimator {
 public:
  /// `settings.context` and `settings.batch` are ignored. The model is shared. Throws InputError if the weight scheme
  /// cannot store the model. If `context_ranks` devices share the context's tokens, caches are those of one device and
  /// work is that of all. `device` is the card, for engines whose defaults depend on it.
  Estimator(SharedModel model, const Workload& settings, EngineChoice engine = ideal_engine(), Count context_ranks = 1,
            std::optional<EngineDevice> device = std::nullopt);

  /// Returns all metrics for b sequences of n tokens, except the growth ratios, which need a first point. Throws
  /// InputError if an integer exceeds 128 bits, naming the model, n and b, or if the engine refuses.
  Estimate at(Count context, Count batch) const { return at(context, batch, MetricSet::all()); }
  /// Returns the metrics of `wanted`. Others may be null.
  Estimate at(Count context, Count batch, MetricSet wanted) const;
  /// Returns whether `at` has polynomials for that point, which cost a fraction of adding up. They are made once it was
  /// called some times for contexts nearby, and it gives the same integers with and without.
  bool folded(Count context, Count batch) const;
  /// Returns the last context up to which, from `context` on, each metric of `wanted` that is a sum is one polynomial
  /// of at most third degree in the context, and the window's level is the same. Quotients, ratios and
  /// `scores_per_head` follow from sums. It is `context` itself where that is not known.
  Count polynomial_until(Count context, MetricSet wanted) const;
  /// Returns `scores_per_head` of each kind of mixer, empty where its heads differ. Where all are alike, they are that
  /// metric.
  std::vector<std::optional<Count>> scores_per_head(Count context) const;
  EstimateDetails details(Count context, Count batch) const;
  /// Returns `details.notes`, which are the same at every point.
  std::vector<std::string> notes() const;
  /// Returns `details.engine_notes`, without counting anything else.
  std::vector<std::string> engine_notes(Count context, Count batch) const { return reserve(context, batch).notes; }
  /// Returns the terms of every metric of `at` that is wanted, metric by metric in the order of the enumeration, and by
  /// layers within each. Ratios, levels and figures per head, layer or token have no terms: they follow from the
  /// others. Throws as `at` does.
  std::vector<Term> terms(Count context, Count batch, MetricSet wanted = MetricSet::all()) const;
  /// Returns the decode step at n. The model must decode, and n must be at least 1. Throws CountOverflow.
  DecodeStep decode_step(Count context, Count batch) const;
  /// Returns the cache that the step reads, as `decode_step` does, and counts nothing else.
  Count decode_cache_bytes(Count context, Count batch) const;

  const Model& model() const { return *model_; }
  const SharedModel& shared_model() const { return model_; }
  const KvPrecision& kv() const { return kv_; }
  /// Returns the effective scheme, resolved if the choice was left to the model's files.
  const WeightScheme& weights() const { return weights_; }
  /// Returns every tensor with its type. Empty if tensors of the model are unknown. Those of a model of many kinds of
  /// layers are listed at the first call.
  const std::optional<std::vector<StoredTensor>>& stored_tensors() const;
  const Workload& settings() const { return settings_; }
  const EngineChoice& engine() const { return engine_; }
  Count context_ranks() const { return context_ranks_; }
  /// Returns what is asked of the engine for b sequences of n tokens. It refers to this estimator.
  ReserveRequest request(Count context, Count batch) const {
    return {model(), context, batch, kv_, engine_, context_ranks_, device_ ? &*device_ : nullptr};
  }

 private:
  /// A tensor of one layer, and its owner.
  struct LayerTensor {
    Tensor tensor;
    const Mixer* mixer;  // null for tensors of the feed-forward and of the layer itself
    std::string_view owner;
    bool known = true;         // false: the file does not give its widths; `tensor` has only a name
    bool once_a_token = true;  // a linear used once per token; if false, the mixer gives its work
  };
  /// The tensors of a layer of a group, listed once.
  struct GroupTensors {
    std::vector<LayerTensor> tensors;
    std::optional<Count> parameters;
  };
  /// Weights that a decode step reads.
  struct DecodeRead {
    const LayerGroup* group;  // null outside the layers
    std::string_view name;
    Count bytes;  // of all layers; of one expert if `copies` is not 0, of one row if `by_sequence`
    bool by_sequence = false;
    Count copies, active;  // min(copies, batch * active) of them are read
  };
  /// The layer with the largest value of something.
  struct Widest {
    std::optional<Count> size = Count{};
    const LayerGroup* group = nullptr;
    const Mixer* mixer = nullptr;
    void take(Count other, const LayerGroup& of, const Mixer* with);
  };
  struct Sums;
  struct StoredList;

  void list_tensors(const LayerGroup& group);
  void find_widest(const LayerGroup& group);
  void sum_tensors();
  void list_reads();
  void add_read(const StoredTensor& stored, std::vector<std::size_t>& summed);
  std::shared_ptr<const EstimatePlan> make_plan() const;
  struct RowSums;
  RowSums sum_rows(const EstimateRows& rows, Count context, MetricSet wanted) const;
  Count step_weights(Count batch) const;
  void evaluate(const EstimateRows& rows, Count context, Count batch, MetricSet wanted, Estimate& result) const;
  void put_largest(Count context, Count batch, Estimate& result) const;
  Estimate add_up(Count context, Count batch, MetricSet wanted) const;

  // Folded plans (src/estimate/folded.h).
  const FoldedPiece* piece_at(Count context, Count batch) const;
  Estimate from_piece(const FoldedPiece& piece, Count context, Count batch, MetricSet wanted) const;
  void add_rest(Count context, Count batch, MetricSet wanted, Estimate& result) const;
  void add_rows(const FoldedPlan& fold, Count context, Count batch, MetricSet wanted, Estimate& result) const;
  void count_point(Count context) const;
  std::unique_ptr<const FoldedPlan> fold() const;
  std::unique_ptr<const FoldedPiece> fold_piece(const FoldedPlan& fold, std::size_t slot) const;
  Estimate sum_terms(Count context, Count batch) const;
  Count stack_length(Stack stack, Count context) const;
  bool steps(Count context) const { return decodes_ && context > 0; }
  Reserve reserve(Count context, Count batch) const;
  void add_reserve_terms(Count context, Count batch, std::vector<Term>& all) const;
  OverflowError overflow_at(Count context, Count batch, const CountOverflow& overflow) const;

  // The walk (src/estimate/estimate.h): each function calls visit(term) for its terms.
  template <typename Visit>
  void visit_constants(Visit&& visit) const;
  template <typename Visit>
  void visit_point(Count context, Count batch, Visit&& visit) const;
  template <typename Visit>
  void visit_prefill(const GroupTensors& tensors, const LayerGroup& group, Count context, Count batch,
                     Visit&& visit) const;
  template <typename Visit>
  void visit_memory(const LayerGroup& group, Count context, Count batch, Visit&& visit) const;
  template <typename Visit>
  void visit_step(const GroupTensors& tensors, const LayerGroup& group, Count context, Count batch,
                  Visit&& visit) const;
  template <typename Visit>
  void visit_step_outside_layers(Count batch, Visit&& visit) const;
  template <typename Visit>
  void visit_outside_layers(Count context, Count batch, Visit&& visit) const;
  template <typename Visit>
  void visit_logits(Metric metric, Count rows, Count batch, Visit&& visit) const;
  template <typename Visit>
  void visit_largest(Count context, Count batch, Visit&& visit) const;

  SharedModel model_;
  Workload settings_;
  EngineChoice engine_;
  Count context_ranks_;
  std::optional<EngineDevice> device_;
  KvPrecision kv_;
  WeightScheme weights_;
  bool weights_known_ = false;          // every tensor has a type
  std::shared_ptr<StoredList> stored_;  // of this estimator and its copies

  std::vector<GroupTensors> groups_;  // as model_->groups
  bool decodes_ = false;
  bool has_encoder_ = false;
  Count layers_;
  std::array<std::optional<Count>, kMetricCount> constants_;  // the metrics that do not depend on the point
  std::vector<DecodeRead> decode_reads_;
  // For each stack, which has its own length: max(2F, Q), and the layer with most scores. Cross-attention has the
  // decoder's queries and the encoder's keys.
  Widest encoder_activation_, decoder_activation_;
  Widest encoder_scores_, decoder_scores_, cross_scores_;
  std::shared_ptr<const EstimatePlan> plan_;  // what `at` adds up (src/estimate/plan.h)
};

/// `trained` < `scaled` < `beyond` < `impossible` (docs/cost-model.md section 10); empty if the file states no window.
std::optional<std::string_view> window_status(const Positions& positions, Count context);

}  // namespace ctxcost
