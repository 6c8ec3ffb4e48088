// A model on devices: the memory of each device, the room for cache, and bounds on times.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/fraction.h"
#include "ctxcost/deployment/accelerator.h"
#include "ctxcost/deployment/adapters.h"
#include "ctxcost/deployment/images.h"
#include "ctxcost/deployment/machine.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/deployment/requests.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/estimate.h"
#include "ctxcost/estimate/metric.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/model/shared_model.h"

namespace ctxcost {

struct RankWeights;
struct FeedForwardWork;

/// Returns the split over the K devices of NAME:K: pp for engines that split by layers, else tp.
Count Parallelism::*spread_degree(const Engine& engine);

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

/// The device that holds most bytes at a point. Where the bytes of a device are unknown, the one with the largest
/// cache.
struct FullestDevice {
  DeviceMemory memory;
  std::optional<Count> kv_cache;  ///< live cache, as `Metric::kv_cache_bytes`
  std::optional<Count> state;     ///< as `Metric::state_bytes`
  /// Counts its part of the cache; of its weights and work it knows nothing. Null if the engine keeps the cache in host
  /// memory. It is the deployment's.
  const Estimator* part = nullptr;
};

/// Whether devices hold a point.
struct HeldPoint {
  /// What they do not hold, as `DeploymentEstimate::limit` without the window. Empty if they hold everything.
  std::string_view limit;
  double free_bytes = 0;  ///< about what the fullest device has left; below 0, what it lacks
};

/// Returns what a split does to numbers: copies of caches, batches of replicas.
std::vector<std::string> split_notes(const Setup& setup);

/// Evaluates one setup at many points.
class Deployment {
 public:
  /// Throws InputError if the parallelism is impossible or uneven, if the engine refuses the types or layers, or if its
  /// settings name a companion that the setup does not have.
  explicit Deployment(Setup setup);
  ~Deployment();
  Deployment(Deployment&&) noexcept;
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  /// Returns all metrics except those of `solve`, for b sequences of n tokens (per replica, under dp), or for b users
  /// whose requests are as the settings say, the longest of n tokens. Throws InputError.
  DeploymentEstimate at(Count context, Count batch) const;
  /// Returns those of `wanted`, which may be metrics of devices, too, and what else belongs to them: `prefill` to its
  /// seconds, `decode` to its own, `host` to its bytes. Others may be null. The search for `kv_equals_weights_context`
  /// costs more than all others together.
  DeploymentEstimate at(Count context, Count batch, MetricSet wanted) const;
  /// Returns one of them. Cheaper than `at`: what only other metrics need is not counted.
  MetricValue metric(Metric metric, Count context, Count batch) const;
  /// Returns the fullest device alone. Throws OverflowError, or InputError if the engine refuses the point.
  FullestDevice fullest(Count context, Count batch) const;
  /// Returns whether every device holds its part and the context is within the model's window. Throws InputError if
  /// that is unknown (the file does not give the weights, or there is neither a GPU nor a cache size), and
  /// OverflowError if a count exceeds 128 bits.
  bool fits(Count context, Count batch) const { return within_window(context) && holds(context, batch); }
  /// Returns whether every device holds its part and the context is within any learned table of positions. Throws as
  /// `fits`.
  bool holds(Count context, Count batch) const { return held(context, batch).limit.empty(); }
  /// Returns what the devices do not hold, and how far they are from that. Throws as `fits`.
  HeldPoint held(Count context, Count batch) const;
  /// Returns the window in tokens: the length that the model was trained for or that its scaling reaches. Empty if the
  /// file does not give it, or if the settings allow contexts beyond it.
  std::optional<Count> window() const;
  bool within_window(Count context) const { return context <= window().value_or(context); }

  const Setup& setup() const { return setup_; }
  const Estimator& estimator() const { return *whole_; }
  Count devices() const { return setup_.settings.parallelism.devices(); }
  /// Returns the share of each device's memory that may be used: as asked, else the engine's share of the usable
  /// memory. Empty where the shares of a machine's cards differ.
  std::optional<Fraction> utilization() const;
  /// Returns the same of a group of the machine's cards.
  Fraction utilization_of(std::size_t group) const { return cards_[group].utilization; }
  /// Returns the usable bytes of each device; empty without a GPU, or if its cards differ.
  std::optional<Count> capacity() const;
  /// Returns the usable bytes of a card of a group; empty without a GPU.
  std::optional<Count> capacity_of(std::size_t group) const { return cards_[group].capacity; }
  /// Returns the usable bytes of all devices together; empty without a GPU.
  std::optional<Count> total_capacity() const;
  /// Returns the peak that bounds times: of `activations` where that is given, else the fastest of the types in which
  /// kernels multiply the weights, and of the model's own type. Empty without a GPU. `group` is one of the machine's,
  /// if its cards differ.
  const std::optional<Accelerator::Peak>& peak(std::size_t group = 0) const { return cards_[group].peak; }
  /// Returns the assumptions behind every number: fallbacks, efficiencies, and what is replicated.
  std::vector<std::string> notes() const;
  /// Returns the sequences of a point, where the settings say of which lengths or with which prefix they are. Throws
  /// InputError if they are not of that context.
  std::optional<SequenceMix> mix(Count context, Count batch) const;
  /// Returns the tokens of the prefix that every device keeps once.
  Count shared_tokens(const SequenceMix& mix) const;
  /// Returns `Estimator::details` of all sequences of a point.
  EstimateDetails details(Count context, Count batch) const;
  /// Returns how the sequences of a point are counted together. None without a mix.
  std::vector<std::string> mix_notes(Count context, Count batch) const;
  /// Returns why the answer is tight. Empty if it is not.
  std::string margin_note(const DeploymentEstimate& estimate) const;
  /// Returns the engine's notes for the device that reserves most. Its blocks may differ from those of the whole model.
  std::vector<std::string> engine_notes(Count context, Count batch) const;

 private:
  struct Device;
  struct Load;
  struct Crossings;
  /// What follows from a card, for each group of a machine's; one for all devices where they are alike.
  struct Card {
    Fraction utilization;
    std::optional<Count> capacity;
    std::optional<Accelerator::Peak> peak;
  };
  struct MemoryLimit {
    std::string_view part;  ///< empty if every device holds its part
    std::size_t device = 0;
  };

  /// What is asked of a point: all sequences together, the longest of `context` tokens.
  struct Point {
    Count context;
    Count sequences;
    std::optional<SequenceMix> mix;  ///< where they are not alike
    Count ranks = 1;                 ///< that divide its tokens, of the prefix too, which `mix` has whole
  };
  Point point(Count context, Count batch) const;
  static ReserveRequest request(const Estimator& estimator, const Point& point);
  static std::optional<Count> reserved(const Estimator& estimator, const Point& point);
  static Estimate estimate(const Estimator& estimator, const Point& point, MetricSet wanted);
  Point local(const Point& point) const;
  Count step_tokens(const Device& device, bool prefill, const Point& point) const;

  std::optional<HostMemory> host_memory(const Point& point) const;
  bool host_works() const;

  std::vector<DeviceMemory> memory(Count context, Count batch) const;
  double free_bytes(const DeviceMemory& device) const;
  std::optional<Count> cache_room(const DeviceMemory& memory) const;
  bool pool_holds(const Device& device, const DeviceMemory& memory, const Point& point) const;
  MemoryLimit limit(const std::vector<DeviceMemory>& devices, std::size_t first, Count context) const;
  MemoryLimit memory_limit(const std::vector<DeviceMemory>& devices, std::size_t first) const;
  bool beyond_kv_memory(const DeviceMemory& device) const;
  static std::string_view beyond_capacity(const DeviceMemory& device);
  bool beyond_positions(Count context) const;
  [[noreturn]] void fail_overflow(Count context, Count batch, const CountOverflow& overflow) const;
  void set_cards();
  Accelerator::Peak peak_on(const Accelerator& gpu, const std::vector<std::string_view>& multiplied) const;
  std::vector<std::string_view> multiplied_types() const;
  const Accelerator* accelerator(std::size_t group) const;
  std::optional<PhaseTime> time(bool prefill, const Point& point) const;
  std::optional<double> interconnect_seconds(std::span<const Device> stage, Count tokens) const;
  std::span<const Device> stage_from(std::size_t first) const;
  std::optional<Load> load(const Device& device, bool prefill, const Point& point) const;
  void set_capacity(DeploymentEstimate& result, Count context) const;
  Count cache_of(Count stage, Count context) const;
  void add_companions(std::vector<DeviceMemory>& devices, Count context, Count batch) const;
  std::string adapters_note() const;
  void add_draft();
  Count room_beside_draft(Count room, Count own, Count stage, Count context) const;
  std::optional<Count> critical_batch() const;
  std::optional<Count> critical_batch_of_machine() const;
  std::optional<Count> kv_equals_weights(Count batch) const;
  std::optional<Count> find_crossing(Count batch) const;
  std::optional<Count> kv_traffic_reaches_weights(Count batch) const;
  Count rank_context(Count context) const;

  Setup setup_;
  std::shared_ptr<const Estimator> whole_;
  std::optional<LayerPlacement> placement_;  // where the engine decides it
  std::vector<Rank> ranks_;
  std::vector<Device> devices_;  // in the order of ranks_
  std::vector<Card> cards_;
  std::vector<Rank> host_ranks_;
  std::vector<Device> hosts_;                // what stays in host memory, if anything may: one or none
  std::unique_ptr<const Deployment> draft_;  // of the companion, on the same devices
  std::unique_ptr<Crossings> crossings_;     // of the batches that were asked for
};

}  // namespace ctxcost
