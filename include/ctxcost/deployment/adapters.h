// LoRA adapters that an engine keeps beside a model: slots of equal rank, whose two matrices A and B stand beside a
// linear of the model [LoRA, arXiv 2106.09685, section 4.1].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/precision.h"

namespace ctxcost {

struct Engine;
struct Model;
struct Rank;

/// The linears of each layer that adapters have: of its mixers ("attention"), its feed-forward, or both.
enum class AdapterTargets : std::uint8_t { all, attention, feed_forward };

/// The slots for adapters on every device.
struct AdapterSettings {
  Count rank;
  Count count = 1;                ///< slots: the adapters that a batch may use
  std::optional<Precision> type;  ///< of their elements; by default the model's type of 16 or 32 bits
  AdapterTargets targets = AdapterTargets::all;
  std::string name;  ///< as given: "rank=16,count=4"
};

/// Reads "rank=16,count=4,type=fp16,targets=attention"; only the rank must be given. Throws InputError naming `source`.
AdapterSettings parse_adapters(std::string_view text, std::string_view source);

/// Returns the rank of the slots that an engine makes for adapters of that rank. Throws InputError if it has none.
Count slot_rank(const Engine& engine, Count rank);

/// Adapters of the routed experts of some layers, as one device holds them, in one slot.
struct ExpertAdapters {
  Count layers;
  Count count;       ///< experts of the whole model
  Count active;      ///< experts that a token uses
  Count held;        ///< on this device
  Count bytes_each;  ///< of one of them
  bool in_decode;
  bool in_host;  ///< in host memory, as the experts are

  /// Returns the bytes that are read for `tokens` tokens: those of the experts that they choose, spread evenly over the
  /// devices that hold them.
  Count bytes_read(Count tokens) const;
};

/// What the adapters of one device take, and the work of one of them.
struct DeviceAdapters {
  Count slots;
  Count rank;
  Count slot_bytes;       ///< of one slot, on the device
  Count host_slot_bytes;  ///< the same of experts whose weights are in host memory
  Count prefill_bytes;    ///< of one adapter: what a prefill reads, without those of experts
  Count decode_bytes;     ///< the same of a decode step
  Count prefill_macs;     ///< multiply-adds of a token in a prefill, without those of experts
  Count decode_macs;      ///< the same in a decode step
  Count routed_macs;      ///< of a token's experts, as `FeedForwardWork::routed_macs`
  std::vector<ExpertAdapters> experts;

  /// Returns the bytes of all slots.
  Count bytes() const { return slots * slot_bytes; }
  Count host_bytes() const { return slots * host_slot_bytes; }
  /// Returns the bytes that `sequences` sequences read, each with an adapter of its own as far as there are slots. Of
  /// `tokens` tokens in all the adapters have as many each.
  Count bytes_read(Count sequences, Count tokens, bool prefill, bool in_host) const;
};

/// Counts the adapters of a device's part of `model`. A device holds A of the inputs that it has, and B of the outputs
/// that it has, so that tensor parallelism divides one of the two [vllm lora/layers/column_parallel_linear.py,
/// row_parallel_linear.py, fused_moe.py; sglang srt/lora/mem_pool.py]. Queries, keys and values that are one matrix
/// share A, as gate and up do. Routed experts of layers below `host_expert_layers` are in host memory. Empty if tensors
/// of the model are unknown.
std::optional<DeviceAdapters> device_adapters(const Model& model, const Rank& rank, const AdapterSettings& settings,
                                              Count host_expert_layers);

}  // namespace ctxcost
