// Memory of the devices that train a model: weights, gradients, the optimiser's state, activations, logits
// (docs/cost-model.md section 15).
#pragma once

#include <optional>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/estimate/training.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// How a model that is trained is spread over devices.
struct TrainingPlacement {
  Parallelism parallelism;
  /// What lies between the tensor-parallel parts of a layer is split over the sequence, too. [Korthikanti 2022, section
  /// 4.2.2] Without tensor parallelism it changes nothing.
  bool sequence_parallel = true;
  /// ZeRO's stage: from 1 on the optimiser's state, from 2 on gradients, from 3 on weights are divided among the
  /// devices that hold the same parameters. [Rajbhandari 2019, arXiv 1910.02054, section 5]
  Count zero_stage = 0;
  /// Gradients of 4 bytes in place of 2.
  bool fp32_gradients = false;
};

/// Bytes of one kind of device; empty where the model's file does not allow them to be known.
struct TrainingDevice {
  Count stage;
  Count devices;                    ///< that are alike
  std::optional<Count> parameters;  ///< elements that it works with, whatever ZeRO keeps elsewhere
  std::optional<Count> weights;
  std::optional<Count> gradients;
  std::optional<Count> optimizer;
  std::optional<Count> activations;
  Count logits;           ///< in fp32
  Count logits_gradient;  ///< as much again

  /// The sum of the parts.
  std::optional<Count> bytes() const {
    if (!weights || !gradients || !optimizer || !activations) return std::nullopt;
    return *weights + *gradients + *optimizer + *activations + logits + logits_gradient;
  }
};

/// Bytes that a backward pass needs of a forward one, in one layer of a rank's group, for b sequences of `context`
/// tokens; 16-bit elements. Empty where widths are unknown.
///
/// Under `Recompute::full` the layer's input, 2 n b d. Else, for each token, two bytes for: the input of every norm and
/// of every sublayer (d each, divided by the tensor ranks under sequence parallelism), and what lies inside, of which
/// `group` holds the rank's share: queries, keys and values, the input of the output projection, the feed-forward's 4
/// widths (gate, up, activation, product) or 2 (input and output of its activation). Fused attention keeps 4 bytes a
/// query and head (log-sum-exp); without it and without recomputing, 2 bytes a score. Dropout keeps a byte a token and
/// width for each sublayer's mask and, where scores are kept, 3 more a score. Together this is
/// n b d (34 + 5 H n / d) of a GPT-like layer with dropout [Korthikanti 2022, section 4.1].
/// What experts exchange, latents' narrow inputs and a recurrence's inner states are not counted.
std::optional<Count> layer_activation_bytes(const Model& rank, const LayerGroup& group, Count context, Count batch,
                                            const TrainingMethod& method, const TrainingPlacement& placement);

/// Every kind of device, for b sequences of `context` tokens at a time: one micro-batch.
///
/// A parameter takes 2 bytes of weight, 2 of gradient (or 4) and 12 of Adam's state: master copy and two moments in
/// fp32 [Rajbhandari 2019, section 3.1]. Stage s of p keeps the activations of p - s micro-batches (one forward, one
/// backward: Narayanan 2021, arXiv 2104.04473, section 2.2.1). Context parallelism divides the tokens. Under
/// `Recompute::full` the largest layer's own activations come on top, once. The last stage holds the logits and their
/// gradient, 4 bytes each. Throws InputError where the parallelism is impossible or uneven, or a count leaves 128 bits.
std::vector<TrainingDevice> training_memory(const SharedModel& model, const TrainingMethod& method,
                                            const TrainingPlacement& placement, Count context, Count batch);

}  // namespace ctxcost
