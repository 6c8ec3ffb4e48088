// The answer of `solve`: the largest context or batch, the fewest GPUs, or the widest types that still fit, with proof.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/answer/remedy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/solve.h"

namespace ctxcost {

/// The unknown that `solve` looks for.
/// `users` is a batch of the requests that the settings say.
enum class Unknown { context, batch, users, gpus, kv_precision, weights };

/// Whether it is a number of sequences.
constexpr bool is_batch(Unknown unknown) { return unknown == Unknown::batch || unknown == Unknown::users; }

/// A number, or the name of a type.
using SolvedValue = std::variant<Count, std::string>;

/// A value that was tried, with its memory.
struct Trial {
  SolvedValue value;
  /// Of the largest device, or, where cards differ, of the one with least headroom; empty if unknown, or if the value
  /// is impossible.
  std::optional<Count> device_bytes;
  MetricValue headroom;     ///< free memory of that device, or `Negative`; empty without a GPU
  std::string_view limit;   ///< as `DeploymentEstimate::limit`; empty if the value fits or is impossible
  std::string refusal;      ///< why it is impossible; empty if it is not
  std::string margin_note;  ///< why it is tight; empty if it is not
  std::string gpu;          ///< the card of the device with least headroom, of a machine whose cards differ; else empty
  /// Of `kRunningCosts`, in their order; empty where money or energy is not known.
  std::array<MetricValue, 3> running_costs = {};
};

/// Returns one of `kRunningCosts` at a trial.
const MetricValue& running_cost(const Trial& trial, Metric metric);

/// One changed setting with which more fits.
struct Unlock {
  Remedy change;
  std::optional<Count> answer;  ///< the answer with that change; empty: nothing bounds it
};

/// A type that was considered.
struct TypeChoice {
  std::string name;
  Count bytes;  ///< of the cache or the weights on the largest device
  bool fits;
};

/// One answer, with proof.
struct SolveAnswer {
  Unknown unknown;
  DeploymentCase asked;
  std::shared_ptr<const Deployment> deployment;  ///< of that case, as asked
  std::optional<Count> context;                  ///< as asked; empty if it is the unknown
  std::optional<Count> batch;                    ///< the same

  std::optional<SolvedValue> value;     ///< empty: nothing fits, or nothing bounds it
  bool nothing_fits = false;            ///< not even the smallest value fits
  std::optional<Trial> fits;            ///< the answer
  std::optional<Trial> does_not_fit;    ///< the proof: the next value
  std::optional<LargestFit> in_memory;  ///< for a context: the answer without the model's window
  /// What bounds a context or a batch: "memory" or "window". Empty if nothing does, or if the engine does.
  std::string_view bound;
  std::optional<std::string_view> window_status;  ///< at the context that was asked for or found
  Parallelism split;  ///< over the GPUs found, or over the most that were tried; else as asked
  /// For the fewest GPUs of a machine whose cards differ: those found, or the largest that were tried.
  std::optional<Machine> cards;
  std::vector<Unlock> unlocks;      ///< changes that would allow more
  std::vector<TypeChoice> choices;  ///< for a type: all that were considered, widest first
  std::vector<std::string> notes;   ///< what the answer means for the model's window

  /// Returns whether the next value is beyond the window, regardless of memory.
  bool ends_at_window() const { return does_not_fit && does_not_fit->limit == "window"; }
};

/// The answers to a question: one for each case, context and batch, except along the unknown.
struct SolveAnswers {
  std::vector<SolveAnswer> answers;  ///< in the order of the cases
  std::vector<InputError> left_out;  ///< why other cases have no answer, in their order

  /// Returns whether anything fits in any of the answers.
  bool any() const;
};

/// Solves every case for the unknown. A value that the question gives for the unknown is ignored. `Unknown::gpus` needs
/// a GPU.
SolveAnswers solve(Unknown unknown, const DeploymentQuestion& question);

/// Returns the assumptions about the devices, what the answer means for the model's window, and why it is tight.
std::vector<std::string> notes(const SolveAnswer& answer);

}  // namespace ctxcost
