#include "ctxcost/estimate/estimate.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "cache_types.h"
#include "ctxcost/core/diagnostic.h"
#include "engine/live_need.h"
#include "estimate.h"
#include "model/most_kinds.h"
#include "weights/gguf_file_types.h"

namespace ctxcost {
namespace {

/// A sum that is unknown if one of its terms is unknown.
void add(std::optional<Count>& sum, std::optional<Count> term) {
  if (sum && term) {
    *sum += *term;
  } else {
    sum.reset();
  }
}

/// Throws if the types cannot store the cache. `asked`: a setting gives the types, not the model.
void check_cache_types(const Model& model, const KvPrecision& kv, bool asked) {
  const std::optional<CacheTypeFault> found = first_cache_type_fault(model, kv);
  if (!found) return;
  std::string message = "\"" + found->type.name() + "\" cannot store the cache of " + model.name + ": " + found->fault;
  throw InputError(asked ? setting_fault("kv_precision", std::move(message))
                         : Diagnostic{model.origin, "", std::move(message), ""});
}

/// Under an engine that loads GGUF a name in any case is the file type.
WeightScheme under(const WeightScheme& weights, const EngineChoice& engine) {
  return engine.engine->weight_types == WeightTypes::gguf ? as_file_type(weights) : weights;
}

/// Few layers have more tensors.
constexpr std::size_t kUsualTensors = 16;
/// Few models have more groups; in those that do, room for tensors that a layer does not have adds up.
constexpr std::size_t kUsualGroups = 256;

bool sees_encoder(const Mixer& mixer) {
  const auto cache = mixer.cache();
  return std::any_of(cache.begin(), cache.end(),
                     [](const CachePart& part) { return part.span.kind == Span::Kind::cross; });
}

}  // namespace

/// Every tensor with its type, listed once in any thread.
struct Estimator::StoredList {
  bool at_once = false;  // before the list was shared
  std::once_flag listed;
  std::optional<std::vector<StoredTensor>> tensors;
};

/// Running sums of the metrics.
struct Estimator::Sums {
  std::array<std::optional<Count>, kMetricCount> of;
  Count next_cache;  // of one sequence with one more token
  Count cache;
  bool heads_agree = true;
  bool any_scores = false;
  std::optional<Count> scores_per_head;

  Sums() { of.fill(Count{}); }
  std::optional<Count>& operator[](Metric metric) { return of[static_cast<std::size_t>(metric)]; }

  void operator()(const Term& term) {
    if (term.metric == Metric::scores_per_head) {
      if (!term.one || (any_scores && scores_per_head != term.one)) heads_agree = false;
      scores_per_head = term.one;
      any_scores = true;
      return;
    }
    if (term.metric == Metric::kv_cache_bytes) {
      cache += term.layers * *term.one;
      next_cache += term.layers * term.next;
    }
    add((*this)[term.metric], term.total());
  }
};

void Estimator::Widest::take(Count other, const LayerGroup& of, const Mixer* with) {
  if (!size || (group != nullptr && other <= *size)) return;
  size = other;
  group = &of;
  mixer = with;
}

Estimator::Estimator(SharedModel shared, const Workload& settings, EngineChoice engine, Count context_ranks,
                     std::optional<EngineDevice> device)
    : model_(std::move(shared)),
      settings_(settings),
      engine_(std::move(engine)),
      context_ranks_(context_ranks),
      device_(device),
      kv_(settings.kv.value_or(model_->kv)),
      weights_(under(settings.weights, engine_).resolved(*model_)) {
  const Model& model = *model_;
  check_kinds(model, "to count", kMostCountedKinds);
  check_cache_types(model, kv_, settings.kv.has_value());
  decodes_ = model.decodes();
  has_encoder_ = model.has_encoder();
  layers_ = model.layers();
  try {
    sum_tensors();
  } catch (const CountOverflow& overflow) {
    throw InputError(Diagnostic{model.origin, "", "the parameters of this model do not fit 128 bits", overflow.what()});
  }
  try {
    plan_ = make_plan();
  } catch (const CountOverflow&) {
    // Without a plan `at` adds up the terms, and says at which point they do not fit.
  }
}

Count Estimator::stack_length(Stack stack, Count context) const {
  if (stack == Stack::decoder || context == 0) return context;
  return model_->cross_tokens.value_or(context);
}

void Estimator::sum_tensors() {
  groups_.reserve(model().groups.size());
  for (const LayerGroup& group : model().groups) {
    list_tensors(group);
    find_widest(group);
  }
  if (!model().d_model) {
    encoder_activation_.size.reset();
    decoder_activation_.size.reset();
  }
  list_reads();

  // The sums of the terms of `visit_constants`, without a term for each tensor.
  std::optional<Count> parameters = Count{}, layers_alone = Count{}, active = Count{}, without_embedding = Count{};
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const Count layers = model().groups[g].count();
    std::optional<Count> used = groups_[g].parameters ? std::optional(Count{}) : std::nullopt;
    for (const LayerTensor& row : groups_[g].tensors) {
      if (row.tensor.stored && used) *used += row.tensor.active_elements();
    }
    add(parameters, groups_[g].parameters ? std::optional(layers * *groups_[g].parameters) : std::nullopt);
    add(active, used ? std::optional(layers * *used) : std::nullopt);
  }
  layers_alone = parameters;
  without_embedding = active;
  for (const ModelTensor& row : model().tensors) {
    const Count elements = row.tensor.elements(), used = row.tensor.active_elements();
    add(parameters, elements);
    add(active, used);
    if (row.place == Place::final_norm) add(layers_alone, elements);
    if (row.place != Place::embedding || model().tied_embeddings) add(without_embedding, used);
  }
  if (!model().embedding_known) {
    parameters.reset();
    active.reset();
    without_embedding.reset();
  }
  const auto put = [this](Metric metric, std::optional<Count> sum) {
    constants_[static_cast<std::size_t>(metric)] = sum;
  };
  put(Metric::parameters, parameters);
  put(Metric::parameters_non_embedding, layers_alone);
  put(Metric::active_parameters, active);
  put(Metric::active_parameters_without_embedding, without_embedding);
}

void Estimator::list_tensors(const LayerGroup& group) {
  GroupTensors all{{}, Count{}};
  all.tensors.reserve(kUsualTensors);
  const auto append = [&all](const Mixer* mixer, std::string_view owner,
                             const std::optional<std::vector<Tensor>>& tensors) {
    const bool once_a_token = mixer == nullptr || mixer->linears_once_a_token();
    if (!tensors) all.tensors.push_back({linear("projections", 0, 0), mixer, owner, false, once_a_token});
    if (!tensors) return;
    for (const Tensor& tensor : *tensors) {
      all.tensors.push_back({tensor, mixer, owner, true, once_a_token && tensor.use == TensorUse::linear});
    }
  };
  for (const auto& mixer : group.mixers) append(mixer.get(), mixer->kind(), mixer->tensors());
  append(nullptr, "feed_forward", group.feed_forward.tensors(model().d_model));
  // Linears among the extras (per-layer inputs of Gemma 3n) work like those of the feed-forward.
  append(nullptr, "layer", group.extras);
  // Without d_model the widths of norms are unknown, too.
  if (!model().d_model) all.tensors.push_back({vector_of("norms", 0), nullptr, "layer", false, false});
  for (const LayerTensor& row : all.tensors) {
    if (!row.tensor.stored) continue;
    add(all.parameters, row.known ? std::optional(row.tensor.elements()) : std::nullopt);
  }
  if (model().groups.size() > kUsualGroups) all.tensors.shrink_to_fit();
  groups_.push_back(std::move(all));
}

void Estimator::find_widest(const LayerGroup& group) {
  const bool encoder = group.stack == Stack::encoder;
  Widest& activation = encoder ? encoder_activation_ : decoder_activation_;
  if (const std::optional<Count> width = group.feed_forward.activation_width()) {
    activation.take(2 * *width, group, nullptr);
  } else {
    activation.size.reset();
  }
  for (const auto& mixer : group.mixers) {
    activation.take(mixer->activation_width(), group, mixer.get());
    Widest& scores = sees_encoder(*mixer) ? cross_scores_ : encoder ? encoder_scores_ : decoder_scores_;
    scores.take(mixer->score_heads(), group, mixer.get());
  }
}

/// Adds up the bytes of the weights, and what every decode step reads of the layers of a group, and lists by itself
/// what depends on the batch.
void Estimator::list_reads() {
  constexpr std::size_t kNone = ~std::size_t{0};
  std::vector<std::size_t> summed(model().groups.size() + 1, kNone);  // where each group's sum is, and that of the rest
  Count bytes;
  const auto add = [&](const StoredTensor& stored) {
    bytes += stored.count() * stored.bytes;
    add_read(stored, summed);
  };
  stored_ = std::make_shared<StoredList>();
  if (model().groups.size() <= kUsualGroups) {
    const auto& stored = stored_->tensors = weights_.store(model());
    stored_->at_once = true;
    weights_known_ = stored.has_value();
    if (stored) std::for_each(stored->begin(), stored->end(), add);
  } else {
    // Their list would take more memory than all else.
    weights_known_ = weights_.for_each_stored(model(), add);
    if (!weights_known_) decode_reads_.clear();
  }
  constants_[static_cast<std::size_t>(Metric::weights_bytes)] = weights_known_ ? std::optional(bytes) : std::nullopt;
}

/// `summed`: for each group and for the rest, where in the list the sum of what every step reads is.
void Estimator::add_read(const StoredTensor& stored, std::vector<std::size_t>& summed) {
  const Tensor& tensor = stored.tensor;
  const Count layers = stored.count();
  if (stored.group == nullptr ? stored.place == Place::once : stored.group->stack == Stack::encoder) return;
  if (!tensor.in_decode) return;
  const bool tied_head = stored.group == nullptr && stored.place == Place::embedding && model().tied_embeddings;
  if (tensor.routed()) {
    decode_reads_.push_back({stored.group, tensor.name, layers * (stored.bytes / tensor.copies), false, tensor.copies,
                             tensor.active_copies});
  } else if (tensor.use == TensorUse::lookup && !tied_head) {
    decode_reads_.push_back({stored.group, tensor.name, layers * stored.row_bytes, true, 0, 0});
  } else {
    std::size_t& same =
        summed[stored.group == nullptr ? model().groups.size()
                                       : static_cast<std::size_t>(stored.group - model().groups.data())];
    if (same >= decode_reads_.size()) {
      same = decode_reads_.size();
      decode_reads_.push_back({stored.group, "every token's tensors", layers * stored.bytes, false, 0, 0});
    } else {
      decode_reads_[same].bytes += layers * stored.bytes;
    }
  }
}

const std::optional<std::vector<StoredTensor>>& Estimator::stored_tensors() const {
  if (!stored_->at_once) {
    std::call_once(stored_->listed, [this] { stored_->tensors = weights_.store(model()); });
  }
  return stored_->tensors;
}

Reserve Estimator::reserve(Count context, Count batch) const {
  return engine_.engine->reserve(request(context, batch));
}

DecodeStep Estimator::decode_step(Count context, Count batch) const {
  DecodeStep step;
  const auto take = [&step](const Term& term) {
    switch (term.kind) {
      case TermKind::mixing:
      case TermKind::scalars: add(step.attention_flops, term.total()); break;
      case TermKind::linear: add(step.linear_flops, term.total()); break;
      case TermKind::logits: add(step.logits_flops, term.total()); break;
      case TermKind::cache: step.cache_bytes += *term.total(); break;
      case TermKind::state: step.state_bytes += *term.total(); break;
      default: break;
    }
  };
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const LayerGroup& group = model().groups[g];
    if (group.stack == Stack::decoder) visit_step(groups_[g], group, context, batch, take);
  }
  visit_step_outside_layers(batch, take);
  return step;
}

Count Estimator::decode_cache_bytes(Count context, Count batch) const {
  Count bytes;
  for (const LayerGroup& group : model().groups) {
    if (group.stack != Stack::decoder) continue;
    for (const auto& mixer : group.mixers) {
      for (std::size_t p = 0; p < mixer->cache().size(); ++p) {
        const CachePart& part = mixer->cache()[p];
        const Count rows = rank_rows(part, mixer->rows_read(p, context), context_ranks_);
        bytes += group.count() * batch * row_bytes(part, kv_, rows);
      }
    }
  }
  return bytes;
}

/// Adds up the terms of the walk one by one.
Estimate Estimator::sum_terms(Count context, Count batch) const {
  Sums sums;
  visit_point(context, batch, sums);
  const bool state_known = sums[Metric::state_bytes].has_value();
  std::optional<Count>& forward = sums[Metric::forward_flops];
  for (const Metric part : {Metric::attention_flops, Metric::linear_flops, Metric::logits_flops}) {
    add(forward, sums[part]);
  }
  if (!state_known) {
    sums[Metric::kv_reserved_bytes].reset();
  } else if (engine_.engine->live_need) {
    sums[Metric::kv_reserved_bytes] = *sums[Metric::kv_cache_bytes] + *sums[Metric::state_bytes];
  } else {
    sums[Metric::kv_reserved_bytes] = reserve(context, batch).bytes;
  }

  Estimate result;
  for (std::size_t m = 0; m < kMetricCount; ++m) result.values[m] = value_of(sums.of[m]);
  for (const Metric metric : kConstantMetrics) {
    result[metric] = value_of(constants_[static_cast<std::size_t>(metric)]);
  }
  result[Metric::context] = context;
  result[Metric::batch] = batch;
  result[Metric::scores_per_head] = sums.heads_agree ? value_of(sums.scores_per_head) : MetricValue();
  for (const auto& [of_layer, total] : kPerLayerOf) result[of_layer] = per_layer(sums[total], layers_);
  // KIVI packs a group of tokens at once, so that one more token may need fewer bytes. The figure is then 0.
  result[Metric::kv_bytes_per_token] = minus_or_zero(sums.next_cache, sums.cache);
  if (!steps(context)) {
    result[Metric::decode_flops] = {};
    result[Metric::decode_bytes] = {};
  }
  result[Metric::window_status] = {};
  result[Metric::growth_attention_flops] = {};
  result[Metric::growth_kv_cache] = {};
  if (const auto status = window_status(model().positions, context)) result[Metric::window_status] = *status;
  return result;
}

OverflowError Estimator::overflow_at(Count context, Count batch, const CountOverflow& overflow) const {
  return OverflowError(
      Diagnostic{model().name, "",
                 "a count at context " + to_string(context) + ", batch " + to_string(batch) + " does not fit 128 bits",
                 overflow.what()});
}

std::vector<Term> Estimator::terms(Count context, Count batch, MetricSet wanted) const {
  constexpr MetricSet kForward = {Metric::attention_flops, Metric::linear_flops, Metric::logits_flops};
  constexpr MetricSet kHeld = {Metric::kv_cache_bytes, Metric::state_bytes};
  // What the engine reserves is made from the terms of what is held.
  const bool reserved = wanted.has(Metric::kv_reserved_bytes);
  std::vector<Term> all;
  const auto take = [&](const Term& term) {
    const bool itself = wanted.has(term.metric) || (reserved && kHeld.has(term.metric));
    const bool forward = wanted.has(Metric::forward_flops) && kForward.has(term.metric);
    if ((!itself && !forward) || term.total() == Count{} || term.metric == Metric::scores_per_head) return;
    if (itself) all.push_back(term);
    if (forward) all.emplace_back(term).metric = Metric::forward_flops;
  };
  try {
    visit_constants(take);
    visit_point(context, batch, take);
    if (reserved) add_reserve_terms(context, batch, all);
  } catch (const CountOverflow& overflow) {
    throw overflow_at(context, batch, overflow);
  }
  std::erase_if(all, [&](const Term& term) { return !wanted.has(term.metric); });
  std::stable_sort(all.begin(), all.end(), [](const Term& a, const Term& b) { return a.metric < b.metric; });
  return all;
}

/// Collects the engine's parts. If it reserves the live minimum, they are those of cache and state.
void Estimator::add_reserve_terms(Count context, Count batch, std::vector<Term>& all) const {
  bool state_known = true;
  for (std::size_t i = 0, count = all.size(); i < count; ++i) {
    const bool state = all[i].metric == Metric::state_bytes;
    if (!state && all[i].metric != Metric::kv_cache_bytes) continue;
    if (!all[i].one) state_known = false;
    if (engine_.engine->live_need || !all[i].one) all.emplace_back(Term(all[i])).metric = Metric::kv_reserved_bytes;
  }
  if (!state_known || engine_.engine->live_need) return;
  for (const ReservedPart& part : reserve(context, batch).parts) {
    Term& term = all.emplace_back();
    term.metric = Metric::kv_reserved_bytes;
    term.kind = TermKind::reserve;
    term.owner = engine_.engine->name;
    term.name = part.name;
    term.one = part.bytes;
  }
}

EstimateDetails Estimator::details(Count context, Count batch) const {
  EstimateDetails details;
  const auto add_bytes = [](std::vector<NamedBytes>& parts, std::string_view name, Count bytes) {
    for (NamedBytes& part : parts) {
      if (part.name == name) {
        part.bytes += bytes;
        return;
      }
    }
    parts.push_back({name, bytes});
  };
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    GroupEstimate& row = details.groups.emplace_back();
    row.group = &model().groups[g];
    row.scores_per_layer = row.attention_macs_per_layer = row.attention_flops_per_layer = Count{};
    row.linear_flops_per_layer = row.state_bytes_per_layer = Count{};
    row.parameters_per_layer = groups_[g].parameters;
  }
  visit_point(context, batch, [&](const Term& term) {
    if (term.group == nullptr) return;
    GroupEstimate& row = details.groups[static_cast<std::size_t>(term.group - model().groups.data())];
    switch (term.metric) {
      case Metric::scores_per_head:
        if (term.group->mixers.size() == 1) row.scores_per_head = term.one;
        break;
      case Metric::scores: add(row.scores_per_layer, term.per_layer()); break;
      case Metric::attention_macs: add(row.attention_macs_per_layer, term.per_layer()); break;
      case Metric::attention_flops: add(row.attention_flops_per_layer, term.per_layer()); break;
      case Metric::linear_flops: add(row.linear_flops_per_layer, term.per_layer()); break;
      case Metric::kv_cache_bytes:
        row.kv_cache_bytes_per_layer += *term.per_layer();
        add_bytes(details.cache_parts, term.name, *term.total());
        break;
      case Metric::state_bytes:
        add(row.state_bytes_per_layer, term.per_layer());
        if (term.one) add_bytes(details.state_parts, term.name, *term.total());
        break;
      default: break;
    }
  });
  details.notes = notes();
  Reserve reserve = this->reserve(context, batch);
  details.reserved_parts = std::move(reserve.parts);
  details.engine_notes = std::move(reserve.notes);
  return details;
}

std::vector<Count*> counts_of(EstimateDetails& details) {
  std::vector<Count*> counts;
  counts.reserve(details.cache_parts.size() + details.state_parts.size() + details.reserved_parts.size() +
                 8 * details.groups.size());
  for (NamedBytes& part : details.cache_parts) counts.push_back(&part.bytes);
  for (NamedBytes& part : details.state_parts) counts.push_back(&part.bytes);
  for (ReservedPart& part : details.reserved_parts) counts.push_back(&part.bytes);
  for (GroupEstimate& group : details.groups) {
    for (std::optional<Count>* const count :
         {&group.scores_per_head, &group.scores_per_layer, &group.attention_macs_per_layer,
          &group.attention_flops_per_layer, &group.linear_flops_per_layer, &group.state_bytes_per_layer,
          &group.parameters_per_layer}) {
      counts.push_back(*count ? &**count : nullptr);
    }
    counts.push_back(&group.kv_cache_bytes_per_layer);
  }
  return counts;
}

/// Remarks of the reader, of the mixers, and of a cache in two types.
std::vector<std::string> Estimator::notes() const {
  std::vector<std::string> notes = model().notes;
  const auto note = [&notes](std::string_view text) {
    if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.emplace_back(text);
  };
  for (const LayerGroup& group : model().groups) {
    for (const auto& mixer : group.mixers) {
      for (const std::string_view text : mixer->notes()) note(text);
      if (group.stack == Stack::encoder) continue;
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned || part.role != CacheRole::latent || kv_.key == kv_.value) continue;
        note("a latent cache is of the keys' type; that of the values is not used");
      }
    }
  }
  return notes;
}

std::optional<std::string_view> window_status(const Positions& positions, Count context) {
  if (positions.hard_limit && context > *positions.hard_limit) return "impossible";
  if (!positions.trained_context) return std::nullopt;
  if (context <= *positions.trained_context) return "trained";
  if (context <= positions.effective_context.value_or(*positions.trained_context)) return "scaled";
  return "beyond";
}

}  // namespace ctxcost
