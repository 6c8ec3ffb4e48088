// What is put on devices: a model, its workload and engine, the devices, what they keep free and what they cost.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctxcost/core/fraction.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/adapters.h"
#include "ctxcost/deployment/images.h"
#include "ctxcost/deployment/machine.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/deployment/requests.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

/// The part of a device's usable memory that should stay free: a share, or bytes. If less is free, the answer is tight.
struct Margin {
  Fraction share{5, 100};
  std::optional<Count> bytes;  ///< replaces the share

  /// Returns whether less than the margin is left of `usable`. Always false for a margin of 0.
  bool missed(Count usable, Count used) const;
  /// "5%", "2 GB".
  std::string name() const;
};

/// What one device costs and draws, as given.
struct DeviceRates {
  std::optional<Fraction> usd_per_hour;  ///< by default the list price of its catalogue entry
  std::optional<Fraction> watts;         ///< by default the power of its board
  bool price_asked = false;              ///< the price was named, be it as the list price
  bool power_asked = false;

  /// Returns whether money and energy are asked for, so that pages show them.
  bool asked() const { return price_asked || power_asked; }
};

/// The devices that a model runs on.
struct DeploymentSettings {
  std::optional<Accelerator> gpu;  ///< the one kind of all devices
  /// Cards of several kinds, one for each device; `gpu` is then empty. Without either there is no capacity and no time.
  std::shared_ptr<const Machine> machine = nullptr;
  Parallelism parallelism;
  std::optional<Fraction> utilization;   ///< usable share of a device's memory; by default the engine's
  std::optional<Count> overhead;         ///< further bytes that the runtime takes on each device; by default none
  std::optional<Count> kv_memory;        ///< bytes of each device for the cache, as a runtime's log prints them
  std::optional<Count> host_bandwidth;   ///< bytes per second of host memory; by default no time is known for it
  std::optional<Precision> activations;  ///< the type in which kernels multiply; by default that of the weights
  Fraction mfu;                          ///< reached share of peak FLOP/s, if measured
  Fraction mbu;                          ///< reached share of the bandwidth, if measured
  Margin margin;
  RequestMix requests;  ///< lengths and prefix of the requests; the batch of a point is the number of its users
  DeviceRates rates;
  bool beyond_window = false;               ///< contexts may go beyond the model's window
  std::optional<AdapterSettings> adapters;  ///< LoRA slots on each device; by default none

  /// Returns whether cards are named.
  bool has_cards() const { return gpu || machine; }
  /// Returns the first card of each kind. Valid as long as these settings.
  std::vector<const Accelerator*> kinds() const;
  /// "h100-sxm-80gb", "rtx-3090-24gb:2+rtx-4090-24gb"; empty without cards.
  std::string cards_name() const;
};

/// Sets the cards: `gpu`, where they are of one kind and one utilization, else `machine`. The degrees stay.
void set_cards(DeploymentSettings& settings, const Machine& machine);

/// Returns whether engines keep a cache in that format on every card.
bool engines_keep_cache(const Format& format, const DeploymentSettings& settings);

/// What an engine loads beside a model, where its settings name it.
struct Companions {
  SharedModel draft;               ///< with weights and a cache of its own on the same devices; none if empty
  std::optional<Count> projector;  ///< bytes of weights on the first device
  bool draft_asked = false;        ///< the draft was asked for, rather than named by the engine's settings
};

/// A model, its workload, and the devices that it runs on.
struct Setup {
  SharedModel model;
  Workload workload;  ///< its context and batch are ignored
  EngineChoice engine = ideal_engine();
  DeploymentSettings settings;
  Companions companions = {};              ///< as `load_companions` reads those that the engine's settings name
  std::optional<ImageTokens> images = {};  ///< that are in every context, for the notes
};

}  // namespace ctxcost
