#include "ctxcost/deployment/training_memory.h"

#include <algorithm>

#include "ctxcost/core/diagnostic.h"
#include "estimate/estimate.h"
#include "rank_weights.h"

namespace ctxcost {
namespace {

/// Bytes of an element of weights, gradients and activations in mixed precision, and of the three fp32 copies of Adam.
constexpr Count kHalfBytes = 2;
constexpr Count kAdamBytes = 12;
/// Bytes of a score that a backward pass reads: the softmax; with dropout its output and a mask besides.
constexpr Count kScoreBytes = 2;
constexpr Count kDroppedScoreBytes = 3;

bool sees_other_stack(const Mixer& mixer) {
  const auto cache = mixer.cache();
  return std::any_of(cache.begin(), cache.end(),
                     [](const CachePart& part) { return part.span.kind == Span::Kind::cross; });
}

/// Elements of a token inside a mixer: what its projections yield, and what the last of them takes.
std::optional<Count> mixer_elements(const Mixer& mixer, Count d_model) {
  const MixerShape& shape = mixer.shape();
  Count elements = mixer.activation_width();
  if (mixer.score_heads() > 0) {
    const Count output = shape.heads * shape.d_v;
    // A gate is kept, and its product.
    return elements + output * (shape.gate ? 3 : 1);
  }
  const std::optional<std::vector<Tensor>> tensors = mixer.tensors();
  if (!tensors) return std::nullopt;
  Count output;
  for (const Tensor& tensor : *tensors) {
    if (tensor.use == TensorUse::linear && tensor.rows == d_model) output = tensor.columns;
  }
  return elements + output;
}

/// Norms of the residual stream: each keeps its input.
Count stream_norms(const LayerGroup& group, Count d_model) {
  Count norms;
  for (const Tensor& tensor : group.extras) {
    const bool norm = tensor.use == TensorUse::vector && !tensor.is_bias && tensor.elements() == d_model &&
                      tensor.name.find("norm") != std::string_view::npos;
    if (norm) norms += 1;
  }
  return norms;
}

/// Side by side in one sublayer, or one after the other.
Count mixer_sublayers(const LayerGroup& group) {
  const bool crosses =
      std::any_of(group.mixers.begin(), group.mixers.end(), [](const auto& mixer) { return sees_other_stack(*mixer); });
  return group.mixers.empty() ? Count{} : crosses && group.mixers.size() > 1 ? Count{2} : Count{1};
}

/// Bytes of one token in a layer, but for scores; those of the stream are divided by `stream_ranks`.
struct TokenBytes {
  Count stream;
  Count inside;
};

std::optional<TokenBytes> token_bytes(const Model& rank, const LayerGroup& group, const TrainingMethod& method) {
  if (!rank.d_model) return std::nullopt;
  const Count d_model = *rank.d_model;
  const FeedForward& ffn = group.feed_forward;
  const bool has_ffn = ffn.kind != FeedForwardKind::none;
  const Count sublayers = mixer_sublayers(group) + (has_ffn ? 1 : 0);
  const Count norms = stream_norms(group, d_model);
  // Parallel sublayers share the output of one norm.
  const Count inputs = norms == 0 ? sublayers : min(sublayers, norms);
  TokenBytes bytes;
  bytes.stream = kHalfBytes * d_model * (norms + inputs);
  if (method.dropout) bytes.stream += d_model * sublayers;

  Count elements;
  for (const auto& mixer : group.mixers) {
    const std::optional<Count> of_mixer = mixer_elements(*mixer, d_model);
    if (!of_mixer) return std::nullopt;
    elements += *of_mixer;
    if (method.flash) bytes.inside += kFp32Bytes * mixer->score_heads();
  }
  if (has_ffn) {
    const std::optional<Count> width = ffn.activation_width();
    if (!width) return std::nullopt;
    elements += *width * (ffn.kind == FeedForwardKind::gated ? 4 : 2);
  }
  bytes.inside += kHalfBytes * elements;
  return bytes;
}

/// Tokens of a layer, and of what its cross-attention sees.
Count tokens_of(const Model& rank, Stack stack, Count context) {
  return stack == Stack::encoder ? rank.cross_tokens.value_or(context) : context;
}

/// Devices that hold the same dense parameters, and the same experts.
struct Replicas {
  Count dense, experts;
};

Replicas replicas_of(const Parallelism& split) {
  const Count devices = split.devices() / split.pipeline;
  return {max(1, devices / split.tensor), max(1, devices / split.expert_group())};
}

/// Bytes of state: `each` for a parameter, divided among those that hold it where ZeRO does.
Count state_of(Count dense, Count experts, Count each, bool divided, const Replicas& replicas) {
  if (!divided) return each * (dense + experts);
  return ceil_div(each * dense, replicas.dense) + ceil_div(each * experts, replicas.experts);
}

void set_state(TrainingDevice& device, const RankWeights& weights, const TrainingPlacement& placement) {
  Count experts;
  for (const HeldExperts& held : weights.experts) experts += held.layers * held.held * held.bytes_each;
  experts = min(experts, weights.bytes);
  const Count dense = weights.bytes - experts;
  const Replicas replicas = replicas_of(placement.parallelism);
  const Count gradient = placement.fp32_gradients ? kFp32Bytes : kHalfBytes;
  device.parameters = weights.bytes;
  device.weights = state_of(dense, experts, kHalfBytes, placement.zero_stage >= 3, replicas);
  device.gradients = state_of(dense, experts, gradient, placement.zero_stage >= 2, replicas);
  device.optimizer = state_of(dense, experts, kAdamBytes, placement.zero_stage >= 1, replicas);
}

/// Of all layers of a rank, of as many micro-batches as its stage keeps.
std::optional<Count> activations_of(const Rank& rank, const TrainingMethod& method, const TrainingPlacement& placement,
                                    Count context, Count batch) {
  Count kept, largest;
  TrainingMethod again = method;
  again.recompute = Recompute::none;
  for (const LayerGroup& group : rank.model->groups) {
    const auto bytes = layer_activation_bytes(*rank.model, group, context, batch, method, placement);
    if (!bytes) return std::nullopt;
    kept += group.count() * *bytes;
    if (method.recompute != Recompute::full) continue;
    const auto working = layer_activation_bytes(*rank.model, group, context, batch, again, placement);
    if (!working) return std::nullopt;
    largest = max(largest, *working);
  }
  return (placement.parallelism.pipeline - rank.stage) * kept + largest;
}

std::vector<TrainingDevice> exact_memory(const SharedModel& shared, const TrainingMethod& method,
                                         const TrainingPlacement& placement, Count context, Count batch) {
  // What a checkpoint holds beside the parameters is not trained, and its types are not those of training. A byte an
  // element: the bytes of a rank are its parameters.
  Model model = *shared;
  model.files.reset();
  model.stored.reset();
  const auto stored = WeightScheme(parse_precision("fp8", "weights")).store(model);
  check_even(model, placement.parallelism);
  std::vector<TrainingDevice> devices;
  for (const Rank& rank : split(model, placement.parallelism)) {
    TrainingDevice& device = devices.emplace_back();
    device.stage = rank.stage;
    device.devices = rank.devices;
    if (stored) set_state(device, RankShares(model, &*stored).weights(rank), placement);
    device.activations = activations_of(rank, method, placement, context, batch);
    const auto& tensors = rank.model->tensors;
    const bool has_head =
        std::any_of(tensors.begin(), tensors.end(), [&](const ModelTensor& row) { return is_head(*rank.model, row); });
    if (!rank.is_last || !has_head || !rank.model->vocab) continue;
    device.logits = kFp32Bytes * *rank.model->vocab * batch * ceil_div(context, placement.parallelism.context);
    device.logits_gradient = device.logits;
  }
  return devices;
}

}  // namespace

std::optional<Count> layer_activation_bytes(const Model& rank, const LayerGroup& group, Count context, Count batch,
                                            const TrainingMethod& method, const TrainingPlacement& placement) {
  const Parallelism& split = placement.parallelism;
  const Count tokens = batch * ceil_div(tokens_of(rank, group.stack, context), split.context);
  const Count stream_ranks = placement.sequence_parallel ? split.tensor : Count{1};
  if (method.recompute == Recompute::full) {
    if (!rank.d_model) return std::nullopt;
    return ceil_div(tokens * kHalfBytes * *rank.d_model, stream_ranks);
  }
  const std::optional<TokenBytes> token = token_bytes(rank, group, method);
  if (!token) return std::nullopt;
  Count bytes = ceil_div(tokens * token->stream, stream_ranks) + tokens * token->inside;
  if (method.flash || method.recompute == Recompute::selective) return bytes;
  const Count score = kScoreBytes + (method.dropout ? kDroppedScoreBytes : Count{});
  for (const auto& mixer : group.mixers) {
    const Stack seen = sees_other_stack(*mixer) ? Stack::encoder : group.stack;
    bytes += tokens * tokens_of(rank, seen, context) * mixer->score_heads() * score;
  }
  return bytes;
}

std::vector<TrainingDevice> training_memory(const SharedModel& model, const TrainingMethod& method,
                                            const TrainingPlacement& placement, Count context, Count batch) {
  try {
    return exact_memory(model, method, placement, context, batch);
  } catch (const CountOverflow& overflow) {
    throw OverflowError(Diagnostic{
        model->name, "",
        "the memory of " + to_string(batch) + " sequences of " + to_string(context) + " tokens does not fit 128 bits",
        overflow.what()});
  }
}

}  // namespace ctxcost
