// The fields of the devices that a model runs on.
#pragma once

#include <string>
#include <string_view>

#include "ctxcost/deployment/deployment.h"
#include "field.h"

namespace ctxcost {

/// Names of what does not fit in a deployment, and of what bounds the longest context.
inline constexpr std::string_view kLimits[] = {"positions",   "window",         "weights", "kv_cache",
                                               "activations", "compute_buffer", "overhead"};
inline constexpr std::string_view kBounds[] = {"memory", "window"};
/// The sides of a bound on times.
inline constexpr std::string_view kTimeBounds[] = {"compute", "memory", "interconnect"};

/// The subject of a record that may be missing.
template <typename Optional>
auto pointer_to(const Optional& value) {
  return value ? &*value : nullptr;
}

extern const FieldTable kGpuFields;          ///< of a Deployment that has one
extern const FieldTable kDeviceFields;       ///< of a DeviceMemory
extern const FieldTable kHostFields;         ///< of a HostMemory
extern const FieldTable kPhaseFields;        ///< of a PhaseTime
extern const FieldTable kAssumptionsFields;  ///< of a Deployment

/// Returns the deployment if it has a GPU, else null: the subject of `kGpuFields`.
const Deployment* with_gpu(const Deployment& deployment);

/// Whether times were measured, rather than bounds at the peaks.
bool is_measured(const DeploymentSettings& settings);
/// "times: bounds at full peak and bandwidth, l4-24gb with 121.0 TeraFLOPs/s in bf16 and 300.0 GB/s"; empty without a
/// GPU.
std::string peaks_text(const Deployment& deployment);

/// What does not fit, in words: "KV cache", "the model's window".
std::string limit_text(std::string_view limit);

/// "1 x h100-sxm-80gb", "4 x h100-sxm-80gb (tp=2,pp=2)", "2 devices (tp=2)"
std::string place_text(const Deployment& deployment);

}  // namespace ctxcost
