#include "ctxcost/estimate/estimate.h"

#include <algorithm>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "engine/live_need.h"

namespace ctxcost {
namespace {

/// Tokens for which prefill activations are counted at once (DESIGN section 4, activation_bytes).
constexpr Count kActivationTokens = 2048;
/// Bytes of one logit, and of one log-sum-exp of fused attention: both fp32.
constexpr Count kFp32Bytes = 4;

/// A sum that is unknown as soon as one of its terms is.
void add(std::optional<Count>& sum, std::optional<Count> term) {
  if (sum && term) {
    *sum += *term;
  } else {
    sum.reset();
  }
}

MetricValue value_of(std::optional<Count> count) { return count ? MetricValue(*count) : MetricValue(); }

/// total / layers where that is whole.
MetricValue per_layer(std::optional<Count> total, Count layers) {
  if (!total || layers == 0 || *total % layers != 0) return {};
  return *total / layers;
}

/// Bytes of `rows` cached rows, which may not divide evenly among the heads.
Count row_bytes(const CachePart& part, const KvPrecision& kv, Count rows) {
  const Precision& precision = precision_of(kv, part.role);
  if (part.heads > 0 && rows % part.heads == 0) {
    return cache_bytes(precision, part.role, part.heads, part.width, rows / part.heads);
  }
  return cache_bytes(precision, part.role, 1, part.width, rows);
}

/// A device's share of `rows` that are read: tokens are divided, the heads of one stay together.
Count rank_rows(const CachePart& part, Count rows, Count context_ranks) {
  if (!shares_context(part)) return rows;
  const bool whole = part.heads > 0 && rows % part.heads == 0;
  return whole ? part.heads * ceil_div(rows / part.heads, context_ranks) : ceil_div(rows, context_ranks);
}

/// Faults of a cache whose parts its types cannot store; an error, never a wrong number.
void check_cache_types(const Model& model, const KvPrecision& kv, std::string_view source) {
  const auto refuse = [&](const Precision& type, const std::string& fault) {
    throw InputError(Diagnostic{std::string(source), "",
                                "\"" + type.name() + "\" cannot store the cache of " + model.name + ": " + fault, ""});
  };
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::encoder) continue;
    for (const auto& mixer : group.mixers) {
      for (const CachePart& part : mixer->cache()) {
        const Precision& type = precision_of(kv, part.role);
        const std::string fault = cache_type_fault(type, *mixer, part);
        if (!fault.empty()) refuse(type, fault);
      }
      for (const StatePart& part : mixer->state()) {
        const Layout layout = kv.key.format().layout;
        if (part.type != StateType::cache || layout == Layout::block) continue;
        refuse(kv.key, "a " + std::string(part.name) + " is not rows of heads");
      }
    }
  }
}

/// Under an engine that loads GGUF a name in any case is the file type.
WeightScheme under(const WeightScheme& weights, const EngineChoice& engine) {
  return engine.engine->weight_types == WeightTypes::gguf ? as_file_type(weights) : weights;
}

std::optional<Count> flops_of(const std::optional<Work>& work, Count flops_per_mac) {
  if (!work) return std::nullopt;
  if (!work->macs_known) return std::nullopt;
  return work->macs * flops_per_mac + work->scalar_operations;
}

bool sees_encoder(const Mixer& mixer) {
  const auto cache = mixer.cache();
  return std::any_of(cache.begin(), cache.end(),
                     [](const CachePart& part) { return part.span.kind == Span::Kind::cross; });
}

}  // namespace

/// Sequence mixing and linear work of all layers, one sequence.
struct Estimator::Mixing {
  std::optional<Count> scores = Count{};
  std::optional<Count> scores_per_head;
  std::optional<Count> macs = Count{};
  std::optional<Count> flops = Count{};
  std::optional<Count> linear_macs = Count{};
};

Estimator::Estimator(SharedModel shared, const Workload& settings, EngineChoice engine, Count context_ranks)
    : model_(std::move(shared)),
      settings_(settings),
      engine_(std::move(engine)),
      context_ranks_(context_ranks),
      kv_(settings.kv.value_or(model_->kv)),
      weights_(under(settings.weights, engine_).resolved(*model_)) {
  const Model& model = *model_;
  check_cache_types(model, kv_, settings.kv ? "--kv-precision" : std::string_view(model.origin));
  try {
    sum_tensors();
    sum_stored();
  } catch (const CountOverflow& overflow) {
    throw InputError(Diagnostic{model.origin, "", "the parameters of this model do not fit 128 bits", overflow.what()});
  }
}

Count Estimator::stack_length(Stack stack, Count context) const {
  if (stack == Stack::decoder || context == 0) return context;
  return model_->cross_tokens.value_or(context);
}

/// Scores of one sequence in the layer with most of them, where they are materialised: heads * queries * keys.
Count Estimator::score_matrix_elements(Count context) const {
  const Count source = stack_length(Stack::encoder, context);
  const Count of_decoder = max(decoder_.score_heads * context, cross_heads_ * source) * context;
  return max(of_decoder, encoder_.score_heads * source * source);
}

/// Queries of all heads of one sequence in the layer with most of them.
Count Estimator::score_rows(Count context) const {
  return max(max(decoder_.score_heads, cross_heads_) * context,
             encoder_.score_heads * stack_length(Stack::encoder, context));
}

/// Live activations of one sequence in the layer with most of them: the residual twice, and its widest part.
std::optional<Count> Estimator::activation_elements(Count context) const {
  Count most;
  for (const Stack stack : {Stack::encoder, Stack::decoder}) {
    const StackWidths& layers = stack == Stack::encoder ? encoder_ : decoder_;
    if (stack == Stack::encoder && !model_->has_encoder()) continue;
    if (!layers.widest_activation) return std::nullopt;
    const Count tokens = min(stack_length(stack, context), kActivationTokens);
    most = max(most, tokens * (2 * *model_->d_model + *layers.widest_activation));
  }
  return most;
}

void Estimator::sum_tensors() {
  parameters_ = parameters_non_embedding_ = active_parameters_ = Count{};
  head_macs_ = Count{};
  for (const LayerGroup& group : model_->groups) add_group_tensors(group);
  if (!model_->d_model) {
    encoder_.widest_activation.reset();
    decoder_.widest_activation.reset();
  }

  Count untied_embedding;
  for (const auto& [place, tensor] : model_->tensors) {
    add(parameters_, tensor.elements());
    add(active_parameters_, tensor.elements());
    if (place == Place::final_norm) add(parameters_non_embedding_, tensor.elements());
    if (place == Place::once && tensor.use == TensorUse::linear) once_macs_ += tensor.elements();
    if (place == Place::other && tensor.use == TensorUse::linear) token_macs_ += tensor.elements();
    const bool is_head = (place == Place::embedding && model_->tied_embeddings) ||
                         (place == Place::head && tensor.use == TensorUse::linear);
    if (is_head) add(head_macs_, tensor.elements());
    if (place == Place::embedding && !model_->tied_embeddings) untied_embedding += tensor.elements();
  }
  if (!model_->embedding_known) {
    parameters_.reset();
    active_parameters_.reset();
    head_macs_.reset();
  }
  active_without_embedding_ = active_parameters_;
  if (active_without_embedding_) *active_without_embedding_ -= untied_embedding;
}

void Estimator::add_group_tensors(const LayerGroup& group) {
  const Count layers = group.count();
  GroupConstants constants{Count{}, Count{}};
  StackWidths& stack = widths(group.stack);
  std::optional<Count> widest = group.feed_forward.activation_width();
  if (widest) *widest *= 2;

  const std::optional<std::vector<Tensor>> tensors = model_->layer_tensors(group);
  for (const auto& mixer : group.mixers) {
    if (widest) *widest = max(*widest, mixer->activation_width());
    Count& heads = sees_encoder(*mixer) ? cross_heads_ : stack.score_heads;
    heads = max(heads, mixer->score_heads());
  }
  const std::optional<std::vector<Tensor>> feed_forward = group.feed_forward.tensors(model_->d_model);
  if (!feed_forward) constants.feed_forward_macs.reset();
  for (const Tensor& tensor : feed_forward.value_or(std::vector<Tensor>{})) {
    if (tensor.use == TensorUse::linear) *constants.feed_forward_macs += tensor.active_elements();
  }
  // Linears among the extras (per-layer inputs of Gemma 3n) work like those of the feed-forward.
  for (const Tensor& tensor : group.extras) {
    if (tensor.use == TensorUse::linear && constants.feed_forward_macs) {
      *constants.feed_forward_macs += tensor.active_elements();
    }
  }
  if (stack.widest_activation && widest) {
    *stack.widest_activation = max(*stack.widest_activation, *widest);
  } else {
    stack.widest_activation.reset();
  }

  if (!tensors) {
    constants.parameters.reset();
    parameters_.reset();
    parameters_non_embedding_.reset();
    active_parameters_.reset();
    groups_.push_back(constants);
    return;
  }
  for (const Tensor& tensor : *tensors) {
    *constants.parameters += tensor.elements();
    add(active_parameters_, layers * tensor.active_elements());
  }
  add(parameters_, layers * *constants.parameters);
  add(parameters_non_embedding_, layers * *constants.parameters);
  groups_.push_back(constants);
}

void Estimator::sum_stored() {
  stored_ = weights_.store(*model_);
  if (!stored_) return;
  weights_bytes_ = decode_weights_bytes_ = Count{};
  for (const StoredTensor& stored : *stored_) {
    const Tensor& tensor = stored.tensor;
    const Count layers = stored.count();
    *weights_bytes_ += layers * stored.bytes;
    if (stored.group == nullptr ? stored.place == Place::once : stored.group->stack == Stack::encoder) continue;
    if (!tensor.in_decode) continue;
    const bool is_head = stored.group == nullptr && stored.place == Place::embedding && model_->tied_embeddings;
    if (tensor.routed()) {
      routed_.push_back({layers, tensor.copies, tensor.active_copies, stored.bytes / tensor.copies});
    } else if (tensor.use == TensorUse::lookup && !is_head) {
      decode_row_bytes_ += layers * stored.row_bytes;
    } else {
      *decode_weights_bytes_ += layers * stored.bytes;
    }
  }
}

Count Estimator::group_cache(const LayerGroup& group, Count context) const {
  Count bytes;
  if (group.stack == Stack::encoder) return bytes;
  for (const auto& mixer : group.mixers) {
    for (const CachePart& part : mixer->cache()) {
      if (!part.owned) continue;
      const Count tokens = cached_tokens(*model_, part, context, context_ranks_);
      bytes += cache_bytes(precision_of(kv_, part.role), part.role, part.heads, part.width, tokens);
    }
  }
  return bytes;
}

std::optional<Count> Estimator::group_state(const LayerGroup& group) const {
  std::optional<Count> bytes = Count{};
  for (const auto& mixer : group.mixers) {
    if (!mixer->state_known()) return std::nullopt;
    for (const StatePart& part : mixer->state()) *bytes += state_bytes(part, *model_, kv_);
  }
  return bytes;
}

Count Estimator::live_cache(Count context) const {
  Count bytes;
  for (const LayerGroup& group : model_->groups) bytes += group.count() * group_cache(group, context);
  return bytes;
}

Estimator::Mixing Estimator::mixing(Count context) const {
  Mixing sum;
  bool agree = true;
  bool any_scores = false;
  for (std::size_t g = 0; g < model_->groups.size(); ++g) {
    const LayerGroup& group = model_->groups[g];
    const Count n = stack_length(group.stack, context);
    std::optional<Count> linear = groups_[g].feed_forward_macs;
    if (linear) *linear *= n;
    for (const auto& mixer : group.mixers) {
      const std::optional<Work> work = mixer->prefill(n, settings_.convention.pairs);
      add(linear, mixer->linear_macs(n));
      if (!work) {
        sum.scores.reset();
        sum.macs.reset();
        sum.flops.reset();
        agree = false;
        continue;
      }
      add(sum.scores, group.count() * work->scores);
      const std::optional<Count> flops = flops_of(work, settings_.convention.flops_per_mac);
      add(sum.macs, flops ? std::optional(group.count() * work->macs) : std::nullopt);
      add(sum.flops, flops ? std::optional(group.count() * *flops) : std::nullopt);
      if (!work->scores_per_head || (any_scores && sum.scores_per_head != work->scores_per_head)) agree = false;
      sum.scores_per_head = work->scores_per_head;
      any_scores = true;
    }
    add(sum.linear_macs, linear ? std::optional<Count>(group.count() * *linear) : std::nullopt);
  }
  if (!agree) sum.scores_per_head.reset();
  return sum;
}

Count Estimator::decode_weight_bytes(Count batch) const {
  Count bytes = *decode_weights_bytes_ + batch * decode_row_bytes_;
  for (const RoutedBytes& experts : routed_) {
    bytes += experts.layers * min(experts.count, batch * experts.active) * experts.bytes_each;
  }
  return bytes;
}

DecodeStep Estimator::decode_step(Count context, Count batch) const {
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  const auto flops = [&](std::optional<Count> macs, Count times) {
    return macs ? std::optional<Count>(*macs * times * flops_per_mac * batch) : std::nullopt;
  };
  DecodeStep step;
  for (std::size_t g = 0; g < model_->groups.size(); ++g) {
    const LayerGroup& group = model_->groups[g];
    if (group.stack == Stack::encoder) continue;
    add(step.linear_flops, flops(groups_[g].feed_forward_macs, group.count()));
    Count cache, state;
    for (const auto& mixer : group.mixers) {
      const std::optional<Count> attention = flops_of(mixer->decode(context), flops_per_mac);
      add(step.attention_flops, attention ? std::optional(group.count() * batch * *attention) : std::nullopt);
      add(step.linear_flops, flops(mixer->decode_linear_macs(context), group.count()));
      for (std::size_t p = 0; p < mixer->cache().size(); ++p) {
        const CachePart& part = mixer->cache()[p];
        cache += row_bytes(part, kv_, rank_rows(part, mixer->rows_read(p, context), context_ranks_));
      }
      for (const StatePart& part : mixer->state()) state += 2 * state_bytes(part, *model_, kv_);
    }
    step.cache_bytes += group.count() * batch * cache;
    step.state_bytes += group.count() * batch * state;
  }
  add(step.linear_flops, flops(token_macs_, 1));
  step.logits_flops = flops(head_macs_, 1);
  return step;
}

Estimate Estimator::evaluate(Count context, Count batch) const {
  const Model& model = *model_;
  const Count flops_per_mac = settings_.convention.flops_per_mac;
  const Count layers = model.layers();
  Estimate result;
  const auto set = [&result](Metric metric, MetricValue value) { result[metric] = value; };
  const auto times = [](std::optional<Count> value, Count factor) {
    return value ? std::optional<Count>(*value * factor) : std::nullopt;
  };
  set(Metric::context, context);
  set(Metric::batch, batch);

  const Mixing mix = mixing(context);
  const std::optional<Count> scores = times(mix.scores, batch);
  const std::optional<Count> macs = times(mix.macs, batch);
  const std::optional<Count> attention = times(mix.flops, batch);
  set(Metric::scores_per_head, value_of(mix.scores_per_head));
  set(Metric::scores_per_layer, per_layer(scores, layers));
  set(Metric::scores, value_of(scores));
  set(Metric::attention_macs, value_of(macs));
  set(Metric::attention_macs_per_layer, per_layer(macs, layers));
  set(Metric::attention_flops, value_of(attention));
  set(Metric::attention_flops_per_layer, per_layer(attention, layers));

  std::optional<Count> linear_flops = times(mix.linear_macs, batch * flops_per_mac);
  if (linear_flops) *linear_flops += batch * (once_macs_ + context * token_macs_) * flops_per_mac;
  const Count logit_rows = context == 0 ? Count{} : settings_.logits == Logits::all ? batch * context : batch;
  const std::optional<Count> logits_flops = times(head_macs_, logit_rows * flops_per_mac);
  std::optional<Count> forward = attention;
  add(forward, linear_flops);
  add(forward, logits_flops);
  set(Metric::linear_flops, value_of(linear_flops));
  set(Metric::logits_flops, value_of(logits_flops));
  set(Metric::forward_flops, value_of(forward));

  if (model.decodes() && context > 0) {
    const DecodeStep step = decode_step(context, batch);
    std::optional<Count> flops = step.attention_flops;
    add(flops, step.linear_flops);
    add(flops, step.logits_flops);
    set(Metric::decode_flops, value_of(flops));
    if (decode_weights_bytes_) {
      set(Metric::decode_bytes, decode_weight_bytes(batch) + step.cache_bytes + step.state_bytes);
    }
  }

  const Count activation_bytes = model.activation.row_bytes(1);
  set(Metric::score_matrix_bytes, batch * score_matrix_elements(context) * activation_bytes);
  set(Metric::flash_workspace_bytes, kFp32Bytes * batch * score_rows(context));

  const Count cache = live_cache(context);
  std::optional<Count> state = Count{};
  for (const LayerGroup& group : model.groups) {
    if (group.stack == Stack::decoder) add(state, times(group_state(group), group.count()));
  }
  set(Metric::kv_cache_bytes, batch * cache);
  // KIVI packs a group of tokens at once, so that one more token may need less: then 0.
  set(Metric::kv_bytes_per_token, minus_or_zero(live_cache(context + 1), cache));
  set(Metric::state_bytes, value_of(times(state, batch)));
  const Count reserved = engine_.engine->reserve({model, context, batch, kv_, engine_, context_ranks_}).bytes;
  set(Metric::kv_reserved_bytes, state ? MetricValue(reserved) : MetricValue());

  set(Metric::parameters, value_of(parameters_));
  set(Metric::parameters_non_embedding, value_of(parameters_non_embedding_));
  set(Metric::active_parameters, value_of(active_parameters_));
  set(Metric::active_parameters_without_embedding, value_of(active_without_embedding_));
  set(Metric::weights_bytes, value_of(weights_bytes_));
  const std::optional<Count> activations = activation_elements(context);
  if (activations && head_macs_) {
    const Count logits = head_macs_ == Count{} ? Count{} : logit_rows * *model.vocab * kFp32Bytes;
    set(Metric::activation_bytes, batch * *activations * activation_bytes + logits);
  }
  if (const auto status = window_status(model.positions, context)) set(Metric::window_status, *status);
  return result;
}

Estimate Estimator::at(Count context, Count batch) const {
  try {
    return evaluate(context, batch);
  } catch (const CountOverflow& overflow) {
    throw OverflowError(Diagnostic{
        model_->name, "",
        "a count at context " + to_string(context) + ", batch " + to_string(batch) + " does not fit 128 bits",
        overflow.what()});
  }
}

EstimateDetails Estimator::details(Count context, Count batch) const {
  const Model& model = *model_;
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
  details.notes = model.notes;
  const auto note = [&details](std::string_view text) {
    for (const std::string& known : details.notes) {
      if (known == text) return;
    }
    details.notes.emplace_back(text);
  };

  for (std::size_t g = 0; g < model.groups.size(); ++g) {
    const LayerGroup& group = model.groups[g];
    const Count n = stack_length(group.stack, context);
    GroupEstimate row;
    row.group = &group;
    row.scores_per_layer = row.attention_macs_per_layer = row.attention_flops_per_layer = Count{};
    row.linear_flops_per_layer = groups_[g].feed_forward_macs;
    if (row.linear_flops_per_layer) *row.linear_flops_per_layer *= n;
    for (const auto& mixer : group.mixers) {
      const std::optional<Work> work = mixer->prefill(n, settings_.convention.pairs);
      if (work) row.scores_per_head = work->scores_per_head;
      add(row.scores_per_layer, work ? std::optional(batch * work->scores) : std::nullopt);
      const std::optional<Count> flops = flops_of(work, settings_.convention.flops_per_mac);
      add(row.attention_macs_per_layer, flops ? std::optional(batch * work->macs) : std::nullopt);
      add(row.attention_flops_per_layer, flops ? std::optional(batch * *flops) : std::nullopt);
      add(row.linear_flops_per_layer, mixer->linear_macs(n));
      for (const std::string_view text : mixer->notes()) note(text);
      if (group.stack == Stack::encoder) continue;
      for (const CachePart& part : mixer->cache()) {
        if (!part.owned) continue;
        if (part.role == CacheRole::latent && !(kv_.key == kv_.value)) {
          note("a latent cache is of the keys' type; that of the values is not used");
        }
        const Count tokens = cached_tokens(model, part, context, context_ranks_);
        const Count bytes = cache_bytes(precision_of(kv_, part.role), part.role, part.heads, part.width, tokens);
        add_bytes(details.cache_parts, part.name, batch * group.count() * bytes);
      }
      for (const StatePart& part : mixer->state()) {
        add_bytes(details.state_parts, part.name, batch * group.count() * state_bytes(part, model, kv_));
      }
    }
    if (group.mixers.size() != 1) row.scores_per_head.reset();
    if (row.linear_flops_per_layer) *row.linear_flops_per_layer *= batch * settings_.convention.flops_per_mac;
    row.kv_cache_bytes_per_layer = batch * group_cache(group, context);
    row.state_bytes_per_layer = group.stack == Stack::decoder ? group_state(group) : std::optional(Count{});
    if (row.state_bytes_per_layer) *row.state_bytes_per_layer *= batch;
    row.parameters_per_layer = groups_[g].parameters;
    details.groups.push_back(row);
  }
  Reserve reserve = engine_.engine->reserve({model, context, batch, kv_, engine_, context_ranks_});
  details.reserved_parts = std::move(reserve.parts);
  details.engine_notes = std::move(reserve.notes);
  return details;
}

std::optional<std::string_view> window_status(const Positions& positions, Count context) {
  if (positions.hard_limit && context > *positions.hard_limit) return "impossible";
  if (!positions.trained_context) return std::nullopt;
  if (context <= *positions.trained_context) return "trained";
  if (context <= positions.effective_context.value_or(*positions.trained_context)) return "scaled";
  return "beyond";
}

}  // namespace ctxcost
