// How a model is split over devices, and which part each device holds.
//
// Three words, here and everywhere: a GPU is a kind of card, with its memory and speed (`Accelerator`); a device is one
// card at work, of which a deployment counts `Parallelism::devices()`; a rank is a device's place in the split, and
// what it holds for it (`Rank`). Devices of one rank are alike, so that one `Rank` stands for all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/model/model.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// Degrees of parallelism. tp splits heads, feed-forwards and vocabulary; pp splits layers; cp splits tokens; ep splits
/// experts; dp repeats the model, with its own b sequences each.
struct Parallelism {
  Count tensor = 1;
  Count pipeline = 1;
  Count context = 1;
  Count expert = 1;
  Count data = 1;

  /// Returns the number of devices. Experts share the devices of the other degrees; a larger ep needs more.
  Count devices() const { return pipeline * max(tensor * context * data, expert); }
  std::string name() const;  ///< "tp=2,pp=2"; "tp=1" where nothing is split
  /// Returns the number of devices over which one set of all experts is split.
  Count expert_group() const { return tensor > expert ? tensor : expert; }
  friend bool operator==(const Parallelism&, const Parallelism&) = default;
};

/// Reads "tp=2,pp=2". Throws InputError naming the option.
Parallelism parse_parallelism(std::string_view text);

/// The part of a model that some devices hold, all of them the same.
struct Rank {
  SharedModel model;  ///< their layers, heads, experts and vocabulary rows
  Count stage;        ///< pipeline stage, from 0
  bool is_last;       ///< the last stage, which has the output head
  Count devices;      ///< the number of devices that hold this part
};

/// Splits a model: every rank that differs, the largest of each stage first. A cache is split by KV heads, which repeat
/// when there are more devices than heads; latents and states without heads repeat on every device; norms and the other
/// vectors of the model's width, too. Uneven splits leave the larger part on the first devices.
/// Throws InputError with the reason where the parallelism is impossible (more stages than layers, more expert ranks
/// than experts, more tensor ranks than query heads).
std::vector<Rank> split(const Model& model, const Parallelism& parallelism);

/// Throws InputError with the reason where the tensor ranks do not divide the query heads or a recurrence's heads, or
/// of them and the KV heads neither divides the other: no engine runs that.
void check_even(const Model& model, const Parallelism& parallelism);

/// Layers of each stage: as even as possible; where it is not, the stages before the last get one more, the last one
/// having the head [vllm distributed/utils.py get_pp_indices].
std::vector<Count> stage_layers(Count layers, Count stages);

}  // namespace ctxcost
