// The largest context or batch, the fewest GPUs or the widest types that still fit, with their proof: the answer of
// `solve`.
#pragma once

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

/// What is looked for.
enum class Unknown { context, batch, gpus, kv_precision, weights };

/// A number, or the name of a type.
using SolvedValue = std::variant<Count, std::string>;

/// A value that was tried, and what it takes.
struct Trial {
  SolvedValue value;
  std::optional<Count> device_bytes;  ///< of the largest device; empty where they are not known, or it is impossible
  MetricValue headroom;               ///< what is left of its memory, or `Negative`; empty without a GPU
  std::string_view limit;             ///< as `DeploymentEstimate::limit`; empty where it fits or is impossible
  std::string refusal;                ///< why it is impossible; empty where it is not
  std::string margin_note;            ///< why it is tight; empty where it is not
};

/// One changed setting under which more fits.
struct Unlock {
  Remedy change;
  std::optional<Count> answer;  ///< the answer then; empty: nothing bounds it
};

/// A type that was weighed.
struct TypeChoice {
  std::string name;
  Count bytes;  ///< of the cache or the weights on the largest device
  bool fits;
};

/// One answer with its proof.
struct SolveAnswer {
  Unknown unknown;
  DeploymentCase asked;
  std::shared_ptr<const Deployment> deployment;  ///< of that case as it was asked
  std::optional<Count> context;                  ///< as asked; empty where it is the unknown
  std::optional<Count> batch;                    ///< the same

  std::optional<SolvedValue> value;     ///< empty: nothing fits, or nothing bounds it
  bool nothing_fits = false;            ///< not even the least value does
  std::optional<Trial> fits;            ///< the answer
  std::optional<Trial> does_not_fit;    ///< the proof that it is one: the next value
  std::optional<LargestFit> in_memory;  ///< of a context: the answer, whatever the model's window
  /// What ends a context or a batch, "memory" or "window"; empty where nothing does, or the engine itself.
  std::string_view bound;
  std::optional<std::string_view> window_status;  ///< at the context asked for, or answered
  Parallelism split;                ///< of the GPUs answered, or of the most that were tried; else as asked
  std::vector<Unlock> unlocks;      ///< what would allow more
  std::vector<TypeChoice> choices;  ///< of a type: all that were weighed, widest first
  std::vector<std::string> notes;   ///< what the answer means for the model's window

  /// The next value is beyond the window, whatever the memory.
  bool ends_at_window() const { return does_not_fit && does_not_fit->limit == "window"; }
};

/// The answers to a question, one for each case, context and batch but the unknown.
struct SolveAnswers {
  std::vector<SolveAnswer> answers;  ///< in the order of the cases
  std::vector<InputError> left_out;  ///< why others have none, in their order

  /// Whether anything fits in any of them.
  bool any() const;
};

/// Solves every case for the unknown; what the question says of it is not looked at. `Unknown::gpus` needs a GPU.
SolveAnswers solve(Unknown unknown, const DeploymentQuestion& question);

/// What is assumed about the devices, what the answer means for the model's window, and why it is tight.
std::vector<std::string> notes(const SolveAnswer& answer);

}  // namespace ctxcost
