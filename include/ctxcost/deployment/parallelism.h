// How a model is split over devices, and which part each device holds.
//
// Three terms are used throughout. A GPU is a kind of card, with its memory and speed (`Accelerator`). A device is one
// card in use; a deployment has `Parallelism::devices()` of them. A rank is a device's place in the split and the part
// that it holds (`Rank`). Devices of one rank are identical, their cards included, so that one `Rank` stands for all.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/model/model.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

struct Machine;

/// Degrees of parallelism. tp splits heads, feed-forwards and vocabulary; pp splits layers; cp splits tokens; dcp
/// splits the cache's tokens over the devices of tp; ep splits experts; dp replicates the model; each replica has its
/// own b sequences.
struct Parallelism {
  Count tensor = 1;
  Count pipeline = 1;
  Count context = 1;
  Count expert = 1;
  Count data = 1;
  Count decode_context = 1;  ///< takes no devices of its own [vllm/config/parallel.py decode_context_parallel_size]
  /// The layers of each stage, where they were given: as many as `pipeline`. Empty: as even as possible.
  std::vector<Count> layers = {};

  /// Returns the number of devices. Experts share the devices of the other degrees; a larger ep needs more.
  Count devices() const { return pipeline * max(tensor * context * data, expert); }
  /// Returns the number of devices that share the tokens of a cache which keeps every token.
  Count context_ranks() const { return context * decode_context; }
  std::string name() const;  ///< "tp=2,pp=2", "pp=16+32"; "tp=1" if nothing is split
  /// Returns the number of devices over which one set of all experts is split.
  Count expert_group() const { return tensor > expert ? tensor : expert; }
  friend bool operator==(const Parallelism&, const Parallelism&) = default;
};

/// Reads "tp=2,pp=2" and "pp=16+32", the layers of each stage. Throws InputError naming the option.
Parallelism parse_parallelism(std::string_view text);

/// Returns the number of a device among all of a machine: a stage's devices are counted from 0. Devices of one stage
/// follow one another, stages follow within a replica, and replicas follow one another [vLLM distributed/
/// parallel_state.py initialize_model_parallel: the order is DP x PP x PCP x TP].
Count device_number(const Parallelism& parallelism, Count stage, Count device_of_stage);

/// The part of a model that each of several devices holds.
struct Rank {
  SharedModel model;     ///< their layers, heads, experts and vocabulary rows
  Count stage;           ///< pipeline stage, from 0
  bool is_last;          ///< true for the stage that has the output head, usually the last one
  Count devices;         ///< the number of devices that hold this part
  std::size_t card = 0;  ///< the index of their group of cards, of a machine whose cards differ
};

/// Throws InputError for a model that is placed on no devices: of more than 16,384 layers, of more than 2,048 where
/// they are of more than 32 kinds, or of more than 1,024 kinds.
void check_layers(const Model& model);

/// Splits a model. Returns every distinct rank, the largest of each stage first. A cache is split by KV heads, which
/// are replicated if there are more devices than heads. Latents, states without heads, norms and other vectors of the
/// model's width are replicated on every device. Uneven splits leave the larger part on the first devices. Throws
/// InputError with the reason if the parallelism is impossible (more stages than layers, more expert ranks than
/// experts, more tensor ranks than query heads, or layers of stages that are not the model's). Devices of a `machine`
/// are of one rank only if they are of one group of its cards; it has as many cards as there are devices.
std::vector<Rank> split(const Model& model, const Parallelism& parallelism, const Machine* machine = nullptr);
/// Does the same with the layers that an engine gives to each stage, instead of as many to each. A stage may be empty.
std::vector<Rank> split(const Model& model, const Parallelism& parallelism, std::span<const PlacedLayers> stages,
                        const Machine* machine = nullptr);

/// Throws InputError with the reason if no engine runs the split: the tensor ranks do not divide the query heads or a
/// recurrence's heads, the numbers of tensor ranks and of KV heads do not divide one another, or the ranks that share
/// tokens (dcp) hold different heads.
void check_even(const Model& model, const Parallelism& parallelism);

/// Returns whether tensor ranks divide every layer's heads, as `check_even` demands. It costs next to nothing.
bool divides_evenly(const Model& model, Count ranks);

/// Returns the layers of each stage, as even as possible. Extra layers go to the stages before the last, since the last
/// one has the head [vllm distributed/utils.py get_pp_indices].
std::vector<Count> stage_layers(Count layers, Count stages);

}  // namespace ctxcost
