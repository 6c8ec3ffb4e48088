#include "ctxcost/deployment/adapters.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/divided.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "group_of_layer.h"
#include "rank_weights.h"

namespace ctxcost {
namespace {

constexpr std::string_view kTargetNames[] = {"all", "attention", "feed_forward"};
/// No adapter has more: a linear is no wider.
constexpr Count kMostAdapterRank = 1 << 20;
constexpr Count kMostAdapters = 1 << 20;
/// Types without blocks along a row, in which adapters are kept.
constexpr std::string_view kAdapterTypes[] = {"fp32", "fp16", "bf16", "fp8"};

Count read_number(std::string_view key, std::string_view value, Count most, std::string_view source) {
  const std::optional<Count> number = parse_digits(value);
  if (number && *number > 0 && *number <= most) return *number;
  throw_fault(source, std::string(key) + ": expected an integer from 1 to " + to_string(most) + ", found \"" +
                          std::string(value) + '"');
}

Precision read_type(std::string_view value, std::string_view source) {
  Precision type = parse_precision(value, source);
  if (std::find(std::begin(kAdapterTypes), std::end(kAdapterTypes), type.name()) != std::end(kAdapterTypes)) {
    return type;
  }
  throw_fault(source, "type: expected fp32, fp16, bf16 or fp8, found \"" + std::string(value) + '"');
}

AdapterTargets read_targets(std::string_view value, std::string_view source) {
  const auto* const found = std::find(std::begin(kTargetNames), std::end(kTargetNames), value);
  if (found != std::end(kTargetNames)) return static_cast<AdapterTargets>(found - std::begin(kTargetNames));
  throw_fault(source, "targets: expected all, attention or feed_forward, found \"" + std::string(value) + '"');
}

/// Whether a linear is a part of another one's matrix, whose A it shares.
bool shares_inputs(const Tensor& tensor, const GgufTraits& traits) {
  if (tensor.name == "attn_k" || tensor.name == "attn_v") return traits.fused_qkv;
  if (tensor.name == "ffn_gate" || tensor.name == "ffn_gate_shexp") return traits.fused_gate_up;
  return tensor.name == "attn_gate" && traits.gate_in_query;
}

/// One linear's adapter: its two matrices, of all copies that the device holds.
class AdapterSum {
 public:
  AdapterSum(const Model& model, const AdapterSettings& settings)
      : traits_(model.gguf), type_(settings.type.value_or(model.activation)) {
    sum_.slots = settings.count;
    sum_.rank = settings.rank;
  }

  void add_linear(const Tensor& tensor, const LayerGroup& part, const LayerGroup& origin, Count host_expert_layers) {
    if (tensor.use != TensorUse::linear || !tensor.stored) return;
    // Every device scores all experts.
    const bool is_router = tensor.name == kRouter && origin.feed_forward.experts;
    const Count outputs = is_router ? origin.feed_forward.experts->count : tensor.rows;
    const Count inputs = shares_inputs(tensor, traits_) ? Count{} : tensor.columns;
    const Count bytes = sum_.rank * type_.row_bytes(inputs) + outputs * type_.row_bytes(sum_.rank);
    const Count macs = sum_.rank * (inputs + outputs);
    if (tensor.is_routed_expert()) return add_experts(tensor, part, origin, bytes, macs, host_expert_layers);
    const Count all = part.count() * tensor.copies;
    sum_.slot_bytes += all * bytes;
    sum_.prefill_bytes += all * bytes;
    sum_.prefill_macs += all * macs;
    if (part.stack == Stack::encoder || !tensor.in_decode) return;
    sum_.decode_bytes += all * bytes;
    sum_.decode_macs += all * macs;
  }

  DeviceAdapters take() { return std::move(sum_); }

 private:
  void add_experts(const Tensor& tensor, const LayerGroup& part, const LayerGroup& origin, Count bytes, Count macs,
                   Count host_expert_layers) {
    const Experts& whole = *origin.feed_forward.experts;
    const auto first = std::find_if(part.layers.begin(), part.layers.end(),
                                    [&](std::uint32_t layer) { return layer >= host_expert_layers; });
    const Count in_host = static_cast<std::size_t>(first - part.layers.begin());
    const bool decodes = part.stack == Stack::decoder && tensor.in_decode;
    const auto add = [&](Count layers, bool host) {
      if (layers == 0) return;
      (host ? sum_.host_slot_bytes : sum_.slot_bytes) += layers * tensor.copies * bytes;
      sum_.experts.push_back({layers, whole.count, whole.active, tensor.copies, bytes, decodes, host});
    };
    add(part.count() - in_host, false);
    add(in_host, true);
    if (part.stack == Stack::encoder) return;
    sum_.routed_macs += part.count() * ceil_div(whole.active * tensor.copies * macs, whole.count);
  }

  const GgufTraits& traits_;
  Precision type_;
  DeviceAdapters sum_{};
};

}  // namespace

AdapterSettings parse_adapters(std::string_view text, std::string_view source) {
  constexpr std::string_view kKeys[] = {"rank", "count", "type", "targets"};
  AdapterSettings settings;
  settings.name = text;
  std::array<bool, std::size(kKeys)> seen{};
  for (const std::string_view item : divided(text, ',')) {
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    const auto* const found = std::find(std::begin(kKeys), std::end(kKeys), key);
    if (equals == std::string_view::npos || found == std::end(kKeys)) {
      throw_fault(source, "expected rank=R, count=N, type=TYPE or targets=NAME, found \"" + std::string(item) + '"',
                  did_you_mean(key, kKeys));
    }
    if (std::exchange(seen.at(static_cast<std::size_t>(found - std::begin(kKeys))), true)) {
      throw_fault(source, '"' + std::string(key) + "\" is given twice");
    }
    const std::string_view value = item.substr(equals + 1);
    switch (found - std::begin(kKeys)) {
      case 0: settings.rank = read_number(key, value, kMostAdapterRank, source); break;
      case 1: settings.count = read_number(key, value, kMostAdapters, source); break;
      case 2: settings.type = read_type(value, source); break;
      default: settings.targets = read_targets(value, source);
    }
  }
  if (settings.rank == 0) throw_fault(source, "expected rank=R, found none", "rank=16,count=4");
  return settings;
}

Count slot_rank(const Engine& engine, Count rank) {
  if (engine.adapter_ranks.empty()) return rank;
  for (const std::uint32_t allowed : engine.adapter_ranks) {
    if (rank <= allowed) return allowed;
  }
  throw InputError(setting_fault("lora", "expected a rank of at most " + std::to_string(engine.adapter_ranks.back()) +
                                             " under " + std::string(engine.name) + ", found " + to_string(rank)));
}

Count ExpertAdapters::bytes_read(Count tokens) const { return layers * experts_read(*this, tokens) * bytes_each; }

Count DeviceAdapters::bytes_read(Count sequences, Count tokens, bool prefill, bool in_host) const {
  const Count used = min(slots, sequences);
  if (used == 0) return 0;
  Count bytes = in_host ? Count{} : used * (prefill ? prefill_bytes : decode_bytes);
  const Count with_more = tokens % used;  // adapters with one token more than the others
  for (const ExpertAdapters& kind : experts) {
    if (kind.in_host != in_host || !(prefill || kind.in_decode)) continue;
    bytes += with_more * kind.bytes_read(tokens / used + 1) + (used - with_more) * kind.bytes_read(tokens / used);
  }
  return bytes;
}

std::optional<DeviceAdapters> device_adapters(const Model& model, const Rank& rank, const AdapterSettings& settings,
                                              Count host_expert_layers) {
  AdapterSum sum(model, settings);
  const GroupOfLayer groups(model);
  for (const LayerGroup& part : rank.model->groups) {
    const LayerGroup& origin = model.groups[groups.of(part.stack, part.layers.front())];
    const auto add = [&](const std::optional<std::vector<Tensor>>& tensors) {
      if (!tensors) return false;
      for (const Tensor& tensor : *tensors) sum.add_linear(tensor, part, origin, host_expert_layers);
      return true;
    };
    for (const auto& mixer : part.mixers) {
      if (settings.targets != AdapterTargets::feed_forward && !add(mixer->tensors())) return std::nullopt;
    }
    if (settings.targets == AdapterTargets::attention) continue;
    if (!add(part.feed_forward.tensors(rank.model->d_model))) return std::nullopt;
  }
  return sum.take();
}

}  // namespace ctxcost
