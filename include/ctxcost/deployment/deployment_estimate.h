// What a deployment answers at one point: the memory of each device, bounds on times, and every metric.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "ctxcost/deployment/machine.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// Memory of one kind of device. Parts are empty if the model's file does not determine them.
struct DeviceMemory {
  Count stage;
  Count devices;  ///< the number of such devices
  std::optional<Count> weights;
  std::optional<Count> kv_reserved;
  std::optional<Count> activations;
  Count overhead;
  std::vector<ReservedPart> kv_parts;  ///< of `kv_reserved`: keys, values, latents, states; only in `at` of all metrics
  bool has_compute_buffer = false;     ///< `activations` are the engine's bound on its compute buffer
  /// False: the engine makes its pool by a rule of its own, and these sequences are too many for it.
  bool pool_holds = true;
  std::optional<Count> capacity = {};               ///< usable bytes of each of them; empty without a GPU
  std::shared_ptr<const CardGroup> card = nullptr;  ///< what they are, of a machine whose cards differ; else null
  std::optional<Count> adapters = Count{};          ///< slots for LoRA adapters: no part of `weights`

  /// Returns the sum of the parts in bytes.
  std::optional<Count> bytes() const {
    if (!weights || !kv_reserved || !activations || !adapters) return std::nullopt;
    return *weights + *adapters + *kv_reserved + *activations + overhead;
  }
};

/// What the engine's settings keep in host memory.
struct HostMemory {
  std::optional<Count> weights;      ///< of input tables, layers and experts, with their adapters
  std::optional<Count> kv_reserved;  ///< cache and state

  /// Returns the sum of the parts in bytes.
  std::optional<Count> bytes() const {
    if (!weights || !kv_reserved) return std::nullopt;
    return *weights + *kv_reserved;
  }
};

/// A roofline bound. The sides of a stage overlap at best, so that the longest of them bounds it and none is added to
/// another. Pipeline stages run one after another, and so does what lies in host memory (docs/cost-model.md section
/// 14).
struct PhaseTime {
  double seconds = 0;  ///< the sum over stages of the longest side of the stage's slowest device
  double compute_seconds = 0;
  double memory_seconds = 0;  ///< with `host_seconds`
  /// Time to read what lies in host memory, at its bandwidth: part of `seconds`. Empty if the bandwidth is not known;
  /// the input embedding, of which a step reads a few rows, then does not count.
  std::optional<double> host_seconds = std::nullopt;
  /// The least time of the tensor-parallel all-reduces over the fastest link. Empty if no link is known.
  std::optional<double> interconnect_seconds;
  /// The longest side: "compute", "memory" or "interconnect".
  std::string_view bound() const;
};

/// The words of a verdict, the best first.
inline constexpr std::string_view kFitVerdicts[] = {"fits", "tight", "does not fit"};
/// `tight`: it fits, but less than the margin is free.
constexpr std::string_view fit_verdict(bool fits, bool tight) { return kFitVerdicts[!fits ? 2 : tight ? 1 : 0]; }

/// Every metric at one point.
struct DeploymentEstimate {
  Estimate model;  ///< of the whole model
  std::array<MetricValue, kDeviceMetricCount> device;
  const MetricValue& operator[](Metric metric) const {
    return needs_devices(metric) ? device[static_cast<std::size_t>(metric) - kMetricCount] : model[metric];
  }
  MetricValue& operator[](Metric metric) {
    return needs_devices(metric) ? device[static_cast<std::size_t>(metric) - kMetricCount] : model[metric];
  }
  std::optional<Count> count(Metric metric) const {
    const Count* value = std::get_if<Count>(&(*this)[metric]);
    return value == nullptr ? std::nullopt : std::optional<Count>(*value);
  }

  std::vector<DeviceMemory> devices;  ///< one for each kind of device
  /// Index into `devices` of the one that holds most; of a machine whose cards differ the one with least headroom.
  std::size_t largest = 0;
  std::optional<HostMemory> host;  ///< empty if the engine keeps everything on its devices
  std::optional<Count> capacity;   ///< of the device `largest`
  std::optional<PhaseTime> prefill;
  std::optional<PhaseTime> decode;
  bool fits = false;
  bool tight = false;  ///< it fits, but less than the margin is free
  /// "fits", "tight" or "does not fit".
  std::string_view verdict() const { return fit_verdict(fits, tight); }
  /// What does not fit: "positions" (a learned table ends), "window" (the model's trained or scaled window), "weights",
  /// "adapters", "kv_cache", "activations", "compute_buffer", "overhead"; empty if everything fits.
  std::string_view limit;
  std::size_t limited = 0;  ///< index of the device that does not hold it, of a limit of memory
};

}  // namespace ctxcost
