// The fields of the devices that a model runs on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctxcost/deployment/deployment.h"
#include "field.h"

namespace ctxcost {

/// Names of what does not fit in a deployment, and of what bounds the longest context.
inline constexpr std::string_view kLimits[] = {"positions", "window",      "weights",        "adapters",
                                               "kv_cache",  "activations", "compute_buffer", "overhead"};
inline constexpr std::string_view kBounds[] = {"memory", "window"};
/// The sides of a bound on times.
inline constexpr std::string_view kTimeBounds[] = {"compute", "memory", "interconnect"};

/// Requests of several lengths or with a prefix in common, at a point.
struct RequestsAt {
  Count users;
  Count shared_prefix;
  std::vector<SequenceGroup> lengths;
};

/// The subject of a record that may be missing.
template <typename Optional>
auto pointer_to(const Optional& value) {
  return value ? &*value : nullptr;
}

extern const FieldTable kGpuFields;          ///< of a Deployment that has one
extern const FieldTable kDeviceFields;       ///< of a DeviceMemory
extern const FieldTable kHostFields;         ///< of a HostMemory
extern const FieldTable kPhaseFields;        ///< of a PhaseTime
extern const FieldTable kRequestsFields;     ///< of a RequestsAt
extern const FieldTable kAssumptionsFields;  ///< of a Deployment

/// A group of the cards of a machine whose cards differ.
struct CardsOfMachine {
  const Deployment* deployment;
  std::size_t index;

  const CardGroup& group() const { return deployment->setup().settings.machine->groups[index]; }
};
extern const FieldTable kCardsFields;  ///< of a CardsOfMachine
extern const FieldTable kTakenFields;  ///< of a CardGroup

/// Whether the cards of a machine differ.
inline bool has_unlike_cards(const Deployment& deployment) { return deployment.setup().settings.machine != nullptr; }
/// Calls `visit` with each group of the cards of such a machine.
template <typename Visit>
void for_each_cards(const Deployment& deployment, const Visit& visit) {
  for (std::size_t i = 0; i < deployment.setup().settings.machine->groups.size(); ++i) {
    visit(CardsOfMachine{&deployment, i});
  }
}
/// The name of the cards; nothing without any.
inline Value cards_value(const DeploymentSettings& settings) {
  std::string name = settings.cards_name();
  return name.empty() ? Value() : Value(std::move(name));
}

/// Returns the deployment if it has a GPU, else null: the subject of `kGpuFields`.
const Deployment* with_gpu(const Deployment& deployment);

/// Whether times were measured, rather than bounds at the peaks.
bool is_measured(const DeploymentSettings& settings);
/// "times: bounds at full peak and bandwidth, l4-24gb with 121.0 TeraFLOPs/s in bf16 and 300.0 GB/s"; empty without a
/// GPU.
std::string peaks_text(const Deployment& deployment);

/// What does not fit, in words: "KV cache", "the model's window".
std::string limit_text(std::string_view limit);
/// The same at a point, with the card that does not hold it where cards differ: "weights of rtx-3090-24gb in stage 0".
std::string limit_text(const DeploymentEstimate& estimate);

/// "4,096 tokens x 8", "64 users of 4,096 tokens and a request of 32,768", "3 users of 1,024 to 8,192 tokens".
std::string requests_text(const RequestMix& requests, const std::optional<Count>& context,
                          const std::optional<Count>& users);

/// "1 x h100-sxm-80gb", "4 x h100-sxm-80gb (tp=2,pp=2)", "2 devices (tp=2)"
std::string place_text(const Deployment& deployment);

}  // namespace ctxcost
