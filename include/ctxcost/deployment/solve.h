// Finds the largest or smallest setting that still fits, by an exact search over the stepwise memory function.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/deployment/deployment.h"

namespace ctxcost {

/// The largest number that fits, with the proof that the next one does not.
struct LargestFit {
  std::optional<Count> value;  ///< empty: even 1 does not fit, or nothing bounds it
  bool unbounded = false;      ///< it fits up to the largest 128-bit count
  /// What stops the next number, as `DeploymentEstimate::limit`; "engine" if the engine refuses it.
  std::string_view limit;
  std::string refusal;  ///< the engine's reason
};

/// Returns the shortest context that requests may have: their shared prefix, else one token.
Count least_context(const Deployment& deployment);
/// Finds the longest context for b sequences that the devices hold, regardless of the model's window. A learned table
/// of positions caps it. Throws InputError if even one token has no answer: as `Deployment::holds`, or if the engine
/// refuses it. The search ends at a point that is refused or overflows.
LargestFit max_context_memory(const Deployment& deployment, Count batch);
/// Returns the same within the window, given `memory`, the answer without the window.
LargestFit within_window(const Deployment& deployment, LargestFit memory);
/// Does both searches.
LargestFit max_context(const Deployment& deployment, Count batch);
/// Returns what bounds a longest context: "memory", or "window" (also for a learned table of positions). Empty if
/// nothing does, or if the engine does.
std::string_view bound_of(const LargestFit& context);
/// Finds the most sequences of n tokens that fit. None if n is beyond the window.
LargestFit max_batch(const Deployment& deployment, Count context);
/// Finds the same without regard to the window.
LargestFit max_batch_memory(const Deployment& deployment, Count context);

/// The fewest GPUs that fit a question. The degree by which the engine itself splits a model (tp, or pp if it splits
/// layers) is varied; the other degrees stay as in the setup.
struct FewestGpus {
  std::optional<Count> gpus;  ///< empty: no degree fits
  Parallelism parallelism;    ///< the split that fits, or the largest one tried
  /// Smaller numbers of GPUs over which the model cannot be split.
  std::vector<Count> refused;
  /// Of a machine whose cards differ: those that hold it, or the largest that were tried.
  std::optional<Machine> cards = {};
};
/// Of a machine whose cards differ, these are the fewest of its cards (`fewest_cards`).
FewestGpus min_gpus(const Setup& setup, Count context, Count batch);
/// Returns the highest degree worth trying: one rank per layer or per query head, or 64 where the model has no heads;
/// at most 1,024.
Count most_ranks(const Setup& setup);

/// The most sets of cards that are searched: three kinds of 15 cards each. For a model of more than 32 kinds of layers
/// they are fewer in proportion.
inline constexpr std::uint64_t kMostCardSets = 4096;

/// Returns so many cards of a machine, those of most memory first, in the machine's order. `cards` is at most the
/// number of its cards.
Machine largest_cards(const Machine& machine, Count cards);

/// Finds the fewest of the cards of `setup.settings.machine`, which is not null, that fit a question. Sets of equal
/// size are tried in the order of their memory: as many of the cards with most memory as there are, first. The degree
/// by which the engine itself splits a model is varied, as by `min_gpus`. Throws InputError if there are more than
/// kMostCardSets sets, or if no number of cards can run the model.
FewestGpus fewest_cards(const Setup& setup, Count context, Count batch);

/// A type with its bytes. Lists are ordered widest first.
template <typename Type>
struct PrecisionChoice {
  Type type;
  Count bytes;  ///< on the largest device: reserved cache, or weights
  bool fits;
};
/// Returns the candidate types of a cache: the model's own, then every other type that engines keep on the card.
std::vector<KvPrecision> cache_types(const Setup& setup);
/// Returns the candidates that the engine stores and that are no wider than the model's own type.
std::vector<PrecisionChoice<KvPrecision>> kv_precision_choices(const Setup& setup, Count context, Count batch);
/// Returns the most common weight types under an engine, widest first: 16, 8 and 4 bits.
std::span<const std::string_view> usual_weights(const Engine& engine);
/// Returns the candidate types of weights: the model's own, then every other type that the engine loads (GGUF file
/// types).
std::vector<WeightScheme> weight_types(const Setup& setup);
/// Returns the candidates that can store the model's shapes and are no wider than its own type, each once.
std::vector<PrecisionChoice<WeightScheme>> weight_choices(const Setup& setup, Count context, Count batch);

}  // namespace ctxcost
