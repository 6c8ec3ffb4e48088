// What it costs to train a model over stages of growing context: the answer of `train`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/fraction.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/training_memory.h"
#include "ctxcost/estimate/training.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// What is trained, how, and on what.
struct TrainingQuestion {
  SharedModel model;
  std::vector<TrainingStage> stages;  ///< at least one, in their order
  Convention convention = causal_convention();
  TrainingMethod method;
  TrainingPlacement placement;
  Count batch = 1;                ///< sequences of a micro-batch, on each data-parallel replica
  Count baseline_context = 8192;  ///< what the schedule is compared with: all its tokens at that context
  std::optional<Accelerator> gpu;
  std::optional<Precision> activations;  ///< the type of the matrix products; bf16 by default
  std::optional<Fraction> mfu;           ///< model FLOPs over peak, as measured; without it times are bounds at 1
  std::optional<double> usd_per_hour;    ///< of a device
  std::optional<double> watts;           ///< of a device; the board's power where empty
  std::optional<Fraction> utilization;   ///< of a device's memory; what a program may take of it where empty
  Margin margin;
};

/// A stage with its work.
struct TrainingStageAnswer {
  TrainingStage stage;
  TrainingWork work;
  std::optional<double> device_hours;  ///< empty without a GPU, or where FLOPs are unknown
};

/// All tokens at one context.
struct TrainingAlternative {
  Count context;
  std::optional<Count> flops;
};

struct TrainingAnswer {
  TrainingQuestion asked;
  std::vector<TrainingStageAnswer> stages;
  Count tokens;                    ///< of all stages
  TrainingWork total;              ///< of all stages; its `last_sequence` has no meaning
  TrainingAlternative baseline;    ///< all tokens at the baseline's context
  TrainingAlternative from_start;  ///< all tokens at the last stage's context

  std::optional<double> device_hours;  ///< FLOPs of the causal count / (peak · mfu), whatever the convention
  std::optional<double> hours;         ///< the same on all devices together
  std::optional<double> usd;
  std::optional<double> joules;
  std::optional<double> watts;  ///< of a device, as used

  Count context;                        ///< of the longest stage: memory is that of its sequences
  std::vector<TrainingDevice> devices;  ///< one for each kind
  std::size_t largest = 0;              ///< index into `devices`
  std::optional<Count> total_bytes;     ///< of all devices
  std::optional<Count> capacity;        ///< of each device; empty without a GPU
  bool fits = true;                     ///< true, too, where nothing can be said
  bool tight = false;                   ///< it fits, with less than the margin left

  /// "fits", "tight", "does not fit"; empty without a GPU, or where bytes are unknown.
  std::string_view verdict() const;
  /// Of the largest device.
  std::optional<Count> device_bytes() const { return devices[largest].bytes(); }
  /// What is left of a device's capacity, or `Negative`; nothing where either is unknown.
  MetricValue headroom() const;
};

/// Attention's share of the model's FLOPs; empty where they are unknown.
std::optional<double> attention_share(const TrainingWork& work);

/// Throws InputError where the split is impossible, or a count leaves 128 bits.
TrainingAnswer train(TrainingQuestion question);

/// What the numbers take for granted.
std::vector<std::string> notes(const TrainingAnswer& answer);

}  // namespace ctxcost
