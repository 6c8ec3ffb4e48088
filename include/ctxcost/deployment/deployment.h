// A model on devices: the memory of each device, the room for cache, and bounds on times.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/deployment/deployment_estimate.h"
#include "ctxcost/deployment/setup.h"

namespace ctxcost {

struct RankWeights;
struct FeedForwardWork;

/// Returns the split over the K devices of NAME:K: pp for engines that split by layers, else tp.
Count Parallelism::*spread_degree(const Engine& engine);

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
