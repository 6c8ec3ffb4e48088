#include "rank_weights.h"

#include <algorithm>
#include <iterator>

namespace ctxcost {
namespace {

/// A device's share of a tensor: `part` of `whole` elements. It holds all of a tensor that only a file has (tables of
/// rotary frequencies).
struct Share {
  Count part, whole;
  Count of(Count value) const { return whole == 0 || part == whole ? value : ceil_div(value * part, whole); }
};

/// Sums the tensors of one name. If a layer has two tensors of a name, they are split in the same way.
Count elements_of(const std::vector<Tensor>& tensors, const Tensor& tensor) {
  Count elements;
  for (const Tensor& candidate : tensors) {
    if (candidate.name == tensor.name && candidate.is_bias == tensor.is_bias) elements += candidate.elements();
  }
  return elements;
}

Count elements_of(const std::vector<ModelTensor>& tensors, Place place, const Tensor& tensor) {
  Count elements;
  for (const ModelTensor& candidate : tensors) {
    if (candidate.place == place && candidate.tensor.name == tensor.name &&
        candidate.tensor.is_bias == tensor.is_bias) {
      elements += candidate.tensor.elements();
    }
  }
  return elements;
}

/// Whether a part of a group's layers has all of their tensors.
bool holds_whole(const LayerGroup& part, const LayerGroup& origin) {
  return part.mixers == origin.mixers && part.feed_forward == origin.feed_forward;
}

std::vector<std::uint32_t> common_layers(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  std::vector<std::uint32_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

void add_dense(RankWeights& sum, const Tensor& tensor, bool lookup, Count bytes, Count row_bytes, bool prefill,
               bool decode) {
  if (prefill) (lookup ? sum.prefill_row_bytes : sum.prefill_bytes) += lookup ? row_bytes : bytes;
  if (decode && tensor.in_decode) (lookup ? sum.decode_row_bytes : sum.decode_bytes) += lookup ? row_bytes : bytes;
}

/// Adds a device's share of a tensor in some of the layers of its part of a group.
void add_of_layers(RankWeights& sum, const StoredTensor& entry, const LayerGroup& part,
                   const std::vector<std::uint32_t>& common, const Share& share, Count host_expert_layers) {
  const Tensor& tensor = entry.tensor;
  const Count layers = common.size();
  const Count bytes = share.of(entry.bytes);
  const bool decode = part.stack == Stack::decoder;
  if (tensor.is_routed_expert()) {
    const auto first =
        std::find_if(common.begin(), common.end(), [&](std::uint32_t layer) { return layer >= host_expert_layers; });
    const Count in_host = static_cast<std::size_t>(first - common.begin());
    sum.bytes += (layers - in_host) * bytes;
    sum.host_bytes += in_host * bytes;
    const Count experts = part.feed_forward.experts ? part.feed_forward.experts->count : tensor.copies;
    HeldExperts held_experts{
        layers - in_host,          tensor.copies, tensor.active_copies, experts, ceil_div(bytes, max(1, experts)),
        decode && tensor.in_decode};
    sum.experts.push_back(held_experts);
    held_experts.layers = in_host;
    if (in_host > 0) sum.host_experts.push_back(held_experts);
  } else {
    sum.bytes += layers * bytes;
    add_dense(sum, tensor, tensor.use == TensorUse::lookup, layers * bytes, layers * share.of(entry.row_bytes), true,
              decode);
  }
}

}  // namespace

RankShares::RankShares(const Model& model, const std::vector<StoredTensor>* stored)
    : model_(model), stored_(stored), groups_(model), of_group_(model.groups.size()) {
  if (stored == nullptr) return;
  for (const StoredTensor& entry : *stored) {
    (entry.group == nullptr ? outside_ : of_group_[static_cast<std::size_t>(entry.group - model.groups.data())])
        .push_back(&entry);
  }
}

RankWeights RankShares::weights(const Rank& rank, Count host_expert_layers) const {
  const Model& model = model_;
  RankWeights sum;
  // Of what a device holds whole, the shares need no count.
  const bool whole_model = &*rank.model == &model;
  for (const StoredTensor& entry : *stored_) {
    if (!whole_model) break;
    if (entry.group != nullptr) add_of_layers(sum, entry, *entry.group, entry.layers, {1, 1}, host_expert_layers);
  }
  for (const LayerGroup& part : rank.model->groups) {
    if (whole_model) break;
    const std::size_t group = this->origin(part);
    const LayerGroup& origin = model.groups[group];
    const bool all = holds_whole(part, origin);
    const std::vector<Tensor> whole = all ? std::vector<Tensor>{} : model.layer_tensors(origin).value();
    const std::vector<Tensor> held = all ? std::vector<Tensor>{} : rank.model->layer_tensors(part).value();
    for (const StoredTensor* const found : of_group_[group]) {
      const StoredTensor& entry = *found;
      const Tensor& tensor = entry.tensor;
      Share share{1, 1};
      if (!all) share = {elements_of(held, tensor), elements_of(whole, tensor)};
      if (tensor.name == kRouter) share.part = share.whole;
      if (entry.layers.size() == origin.layers.size()) {
        add_of_layers(sum, entry, part, part.layers, share, host_expert_layers);
      } else {
        add_of_layers(sum, entry, part, common_layers(entry.layers, part.layers), share, host_expert_layers);
      }
    }
  }
  for (const StoredTensor* const found : outside_) {
    const StoredTensor& entry = *found;
    const Share share{elements_of(rank.model->tensors, entry.place, entry.tensor),
                      elements_of(model.tensors, entry.place, entry.tensor)};
    // What only a file has (tables of rotary frequencies) is where the layers are.
    if (share.whole == 0 ? rank.model->groups.empty() : share.part == 0) continue;
    sum.bytes += share.of(entry.bytes);
    const bool embedding = entry.place == Place::embedding && entry.tensor.use == TensorUse::lookup;
    // A tied matrix is read as the head by the stage that has the head. The first of several stages, or the host, looks
    // up rows in its own copy.
    const bool head = embedding && model.tied_embeddings && rank.is_last;
    const bool lookup = entry.tensor.use == TensorUse::lookup && !head;
    // Tensors that only the files hold (a vision tower) are in memory, but do no work for text.
    const bool works = share.whole > 0;
    add_dense(sum, entry.tensor, lookup, share.of(entry.bytes), share.of(entry.row_bytes), works,
              works && entry.place != Place::once);
  }
  return sum;
}

FeedForwardWork RankShares::feed_forward(const Rank& rank) const {
  const Model& model = model_;
  FeedForwardWork work;
  for (const LayerGroup& part : rank.model->groups) {
    if (!part.feed_forward.experts || part.stack == Stack::encoder) continue;
    const LayerGroup& origin = model.groups[this->origin(part)];
    const std::vector<Tensor> whole = origin.feed_forward.tensors(model.d_model).value_or(std::vector<Tensor>{});
    const std::vector<Tensor> held = part.feed_forward.tensors(model.d_model).value_or(std::vector<Tensor>{});
    for (const Tensor& tensor : held) {
      if (tensor.use == TensorUse::linear) work.counted_macs += part.count() * tensor.active_elements();
    }
    for (const Tensor& tensor : whole) {
      if (tensor.use != TensorUse::linear) continue;
      const Share share{elements_of(held, tensor), elements_of(whole, tensor)};
      if (tensor.name == kRouter) {
        work.dense_macs += part.count() * tensor.elements();
      } else if (tensor.is_routed_expert()) {
        work.routed_macs += part.count() * share.of(tensor.active_elements());
      } else {
        work.dense_macs += part.count() * share.of(tensor.elements());
      }
    }
  }
  return work;
}

Count expert_bytes(const std::vector<HeldExperts>& held, Count tokens, bool prefill) {
  Count bytes;
  for (const HeldExperts& experts : held) {
    if (prefill || experts.in_decode) bytes += experts.layers * experts_read(experts, tokens) * experts.bytes_each;
  }
  return bytes;
}

}  // namespace ctxcost
