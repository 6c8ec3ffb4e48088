// The answer of `fit`: whether models fit their devices, what binds first, and which changes would help.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/answer/deployment_question.h"
#include "ctxcost/answer/remedy.h"
#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/solve.h"

namespace ctxcost {

/// One alternative with its answer.
struct Fit {
  DeploymentCase asked;
  std::shared_ptr<const Deployment> deployment;  ///< of that case
  Count context;
  Count batch;
  /// Memory of every kind of device, verdict, limit, times, and all metrics, including those of the searches below.
  DeploymentEstimate estimate;
  /// The longest context that memory allows, even beyond the window. Not searched for requests of several lengths.
  LargestFit longest_in_memory;
  LargestFit longest_context;             ///< the same within the window
  LargestFit largest_batch;               ///< at this context
  std::optional<FewestGpus> fewest_gpus;  ///< for this context and batch; empty without a GPU
  std::optional<KvHost> kv_host;          ///< contexts of this length in the store that was asked about
};

/// The answers to a question: one for each alternative.
struct FitAnswer {
  std::vector<Fit> alternatives;     ///< those that fit first; of these the cheapest, see `by_money` and `cheaper`
  bool by_money = false;             ///< a price is asked for and known of all: they stand by the price of a token
  std::vector<InputError> left_out;  ///< why cases have no answer, in their order

  /// Returns whether any alternative fits.
  bool fits() const { return !alternatives.empty() && alternatives.front().estimate.fits; }
};

/// Answers every case at every context and batch. Leaves out a case if one of its points cannot be answered.
FitAnswer fit(const DeploymentQuestion& question);

/// The order of alternatives where a price is not asked for, or not known of all: those that fit first, then the fewest
/// devices, then the least total memory.
bool cheaper(const Fit& a, const Fit& b);

/// Finds settings that would fit, changing one at a time: types first, then more GPUs, then a smaller context or batch.
/// Returns none if it fits already. Each takes a search, so call this only when needed.
std::vector<Remedy> remedies(const Fit& fit);

/// Whether its requests are of several lengths, so that there is no longest context.
inline bool has_lengths(const Fit& fit) { return !fit.asked.setup.settings.requests.lengths.empty(); }
/// Returns what bounds the longest context: "memory", "window", or empty.
inline std::string_view bound_of(const Fit& fit) {
  return has_lengths(fit) ? std::string_view() : bound_of(fit.longest_context);
}
/// Returns the assumptions about the devices, why the answer is tight, and what bounds the longest context.
std::vector<std::string> device_notes(const Fit& fit);
/// Returns the notes on devices, model and engine at this point, each once.
std::vector<std::string> notes(const Fit& fit);
/// Returns what every alternative assumes about its devices.
std::vector<std::string> common_notes(std::span<const Fit> alternatives);

}  // namespace ctxcost
