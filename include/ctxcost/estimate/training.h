// The work of training a model over stages of growing context: FLOPs of the model, and what recomputing in the backward
// pass adds (docs/cost-model.md section 15).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/estimate/estimate.h"

namespace ctxcost {

/// What a backward pass computes again: nothing; the attention core, of which no scores are kept; every layer, of which
/// only the input is kept. [Korthikanti 2022, arXiv 2205.05198, sections 3 and 5]
enum class Recompute { none, selective, full };
/// In the order of the enumeration.
inline constexpr std::string_view kRecomputeNames[] = {"none", "selective", "full"};

/// How a layer is trained.
struct TrainingMethod {
  Recompute recompute = Recompute::none;
  bool flash = true;  ///< fused attention, whose backward pass computes the scores again
  bool dropout = false;
};

/// Tokens that are trained on in sequences of `context`; both at least 1.
struct TrainingStage {
  Count context;
  Count tokens;
};

/// The work of a stage: exact FLOPs under the estimator's convention.
struct TrainingWork {
  Count sequences;                        ///< of `context` tokens, a shorter last one among them
  Count last_sequence;                    ///< tokens of that shorter one; 0 where all are whole
  std::optional<Count> parameter_flops;   ///< 6 a token and active parameter; empty where those are unknown
  std::optional<Count> attention_flops;   ///< three times the sequence mixing of a forward pass
  std::optional<Count> recomputed_flops;  ///< what the hardware does besides
  /// Of the model: parameters and attention.
  std::optional<Count> flops() const { return known_sum(parameter_flops, attention_flops); }
  /// Of the hardware: the model's and what is recomputed.
  std::optional<Count> hardware_flops() const { return known_sum(flops(), recomputed_flops); }
};

/// FLOPs of a stage. A token costs 3 passes (one forward, two backward) of flops_per_mac for each active parameter,
/// both embeddings included, so 6 N [PaLM, arXiv 2204.02311, appendix B]; a sequence three times its sequence mixing,
/// of every mixer. A shorter last sequence is counted at its own length.
///
/// Recomputing, of mixers with scores: under `flash` half a forward pass, as its backward pass has five products where
/// the forward one has two [flash-attention, benchmarks/benchmark_flash_attention.py]; else, under `selective`, a whole
/// one. Under `full` a forward pass of everything comes on top, and the half one of `flash`.
///
/// Throws InputError where a count leaves 128 bits.
TrainingWork training_work(const Estimator& estimator, const TrainingStage& stage, const TrainingMethod& method);

/// The stages of one after the other.
TrainingWork sum_of(std::span<const TrainingWork> stages);

/// All tokens of the stages, at one context.
TrainingStage at_context(std::span<const TrainingStage> stages, Count context);

/// The stages of a warm-up: `tokens` in parts as even as possible, one for each context, the remainder with the last.
/// Throws InputError where there are fewer tokens than contexts, or more than 10,000 contexts.
std::vector<TrainingStage> warm_up_stages(const LengthList& contexts, Count tokens);

}  // namespace ctxcost
