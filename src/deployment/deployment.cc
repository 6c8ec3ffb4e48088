#include "ctxcost/deployment/deployment.h"

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/deployment/running_cost.h"
#include "deployment.h"
#include "mix_estimate.h"

namespace ctxcost {
namespace {

/// Up to here no count of a point comes near 128 bits. Further on all metrics are counted, so that a point that cannot
/// be counted is refused whatever is asked of it.
constexpr Count kSurelyCountedTokens = std::uint64_t{1} << 32;

constexpr Count kSurelyCountedSequences = 1 << 20;

constexpr MetricSet kEverything = [] {
  MetricSet set = MetricSet::all();
  for (std::size_t m = 0; m < kDeviceMetricCount; ++m) set.add(static_cast<Metric>(kMetricCount + m));
  return set;
}();

constexpr MetricSet counted(MetricSet wanted, Count context, Count batch) {
  return context <= kSurelyCountedTokens && batch <= kSurelyCountedSequences ? wanted : kEverything;
}

/// What the memory of a device depends on.
constexpr MetricSet kMemory = {Metric::kv_reserved_bytes, Metric::activation_bytes};

/// One type for all ranks, which is not a llama.cpp file type. The ranks' weights are counted from the whole model's.
Workload rank_workload(const Setup& setup) {
  Workload workload = setup.workload;
  static const WeightScheme kAnyType = parse_precision("fp8", "weights");
  workload.weights = kAnyType;
  workload.kv = setup.workload.kv.value_or(setup.model->kv);
  workload.convention =
      causal_convention();  // peaks count two FLOPs per multiply-add, and masked pairs are not computed
  return workload;
}

/// Asks the engine what its devices hold, if it decides that.
std::optional<LayerPlacement> placement_of(const Setup& setup) {
  const Engine& engine = *setup.engine.engine;
  if (engine.place == nullptr) return std::nullopt;
  const DeploymentSettings& settings = setup.settings;
  if (!settings.parallelism.layers.empty()) {
    throw InputError(setting_fault(
        "parallel",
        settings.parallelism.name() + ": " + std::string(engine.name) + " places layers by a setting of its own",
        "split of the engine, whose last layer is the output: split=16+33 of 48 layers"));
  }
  std::vector<Count> memory(static_cast<std::size_t>(settings.parallelism.pipeline.u64()),
                            settings.gpu ? settings.gpu->memory() : Count{1});
  if (settings.machine) {
    for (std::size_t s = 0; s < memory.size(); ++s) {
      const std::size_t group = settings.machine->group_of(device_number(settings.parallelism, s, 0));
      memory[s] = settings.machine->groups[group].gpu.memory();
    }
  }
  return engine.place(*setup.model, setup.engine, memory);
}

/// Each device of the machine has a card of its own.
void check_cards(const DeploymentSettings& settings) {
  if (!settings.machine || settings.machine->cards() == settings.parallelism.devices()) return;
  throw InputError(setting_fault("parallel",
                                 settings.parallelism.name() + " has " + to_string(settings.parallelism.devices()) +
                                     " devices, " + settings.machine->name() + " has " +
                                     to_string(settings.machine->cards()) + " cards",
                                 ""));
}

/// Where cards differ, the first one: workers take the defaults of the process that starts them, which asks the first
/// device [vllm engine/arg_utils.py get_batch_defaults: get_device_total_memory()].
std::optional<EngineDevice> first_engine_device(const DeploymentSettings& settings) {
  return settings.machine ? engine_device(settings.machine->groups.front().gpu) : engine_device(settings.gpu);
}

void check_companions(const Setup& setup) {
  for (const EngineSetting& setting : setup.engine.engine->settings) {
    const bool draft = setting.form == SettingForm::draft_model && !setup.companions.draft;
    const bool projector = setting.form == SettingForm::projector && !setup.companions.projector;
    if (!(draft || projector) || !setup.engine.given(setting.name)) continue;
    throw InputError(setting_fault("engine " + std::string(setup.engine.engine->name),
                                   std::string(setting.name) + ": nothing was loaded for it", ""));
  }
}

/// Refuses what is too much to place before any of it is counted.
Setup placeable(Setup setup) {
  check_layers(*setup.model);
  check_requests(setup.settings.requests, *setup.model);
  check_cards(setup.settings);
  return setup;
}

/// The parts of a model that is split over devices; the model itself where there is one device.
std::vector<Rank> ranks_of(const Setup& setup) {
  if (setup.settings.parallelism.devices() == 1) {
    return {{setup.model, 0, true, 1}};
  }
  return split(*setup.model, setup.settings.parallelism, setup.settings.machine.get());
}

/// Whether two conventions count the same work.
bool same_work(const Convention& a, const Convention& b) {
  return a.flops_per_mac == b.flops_per_mac && a.pairs == b.pairs;
}

/// The draft on the same devices, all of its layers, split as the model's are. Its cache has the engine's own type for
/// drafts, else that of the model's cache: vLLM has one cache_dtype for both, and draft_tensor_parallel_size is that of
/// the model [vllm/config/speculative.py, v1/spec_decode/draft_model.py; llama.cpp common/arg.cpp].
Setup draft_setup(const Setup& setup) {
  Setup draft{setup.companions.draft, {}, setup.engine, setup.settings};
  draft.settings.adapters.reset();
  const Engine& engine = *setup.engine.engine;
  draft.workload.kv = engine.draft_cache.empty() ? setup.workload.kv : parse_kv_precision(engine.draft_cache, "draft");
  const auto has_experts = [](const LayerGroup& group) { return group.feed_forward.experts.has_value(); };
  const std::vector<LayerGroup>& groups = draft.model->groups;
  if (std::none_of(groups.begin(), groups.end(), has_experts)) draft.settings.parallelism.expert = 1;
  for (const EngineSetting& setting : setup.engine.engine->settings) {
    if (!setting.of_model) continue;
    std::erase_if(draft.engine.settings, [&](const auto& given) { return given.first == setting.name; });
  }
  return draft;
}

/// The index of the first of the devices with most bytes. Where bytes of any are unknown, caches decide.
std::size_t fullest_of(const std::vector<DeviceMemory>& devices) {
  const bool known = std::all_of(devices.begin(), devices.end(),
                                 [](const DeviceMemory& device) { return device.bytes().has_value(); });
  const auto held = [known](const DeviceMemory& device) {
    return known ? *device.bytes() : device.kv_reserved.value_or(0);
  };
  const auto fullest = std::max_element(
      devices.begin(), devices.end(), [&](const DeviceMemory& a, const DeviceMemory& b) { return held(a) < held(b); });
  return static_cast<std::size_t>(fullest - devices.begin());
}

/// The index of the first of the devices with least headroom, all of which have a capacity and known bytes.
std::size_t tightest_of(const std::vector<DeviceMemory>& devices) {
  // a's headroom is less than b's. Either may be below 0.
  const auto is_tighter = [](const DeviceMemory& a, const DeviceMemory& b) {
    return *a.capacity + *b.bytes() < *b.capacity + *a.bytes();
  };
  const auto tightest = std::min_element(devices.begin(), devices.end(), is_tighter);
  return static_cast<std::size_t>(tightest - devices.begin());
}

/// The estimators of ranks that hold the same layers of the same groups, one after another: the stages of a pattern of
/// layers. Where devices have shards of their own, the mixers are others and so is the key.
class RankEstimators {
 public:
  explicit RankEstimators(const RankShares& shares) : shares_(shares) {}

  /// Returns that of an equal rank, or the one that `make` makes.
  template <typename Make>
  std::shared_ptr<const Estimator> of(const Rank& rank, Count ranks, const Make& make) {
    std::shared_ptr<const Estimator>& known = by_part_[key(rank, ranks)];
    if (!known) known = make();
    return known;
  }

 private:
  std::vector<Count> key(const Rank& rank, Count ranks) const {
    const Model& part = *rank.model;
    std::uint32_t first = ~std::uint32_t{0};
    for (const LayerGroup& group : part.groups) first = std::min(first, group.layers.front());
    std::vector<Count> key = {ranks, part.vocab.value_or(0), part.next_token_layers, part.tensors.size()};
    for (const ModelTensor& row : part.tensors) {
      key.insert(key.end(), {static_cast<unsigned>(row.place), row.tensor.elements()});
    }
    for (const LayerGroup& group : part.groups) {
      key.insert(key.end(), {shares_.origin(group), group.layers.size()});
      for (const std::uint32_t layer : group.layers) key.emplace_back(layer - first);
      for (const auto& mixer : group.mixers) key.emplace_back(std::hash<const Mixer*>{}(mixer.get()));
      const FeedForward& ffn = group.feed_forward;
      key.push_back(ffn.d_ff.value_or(0));
      if (ffn.experts) {
        key.insert(key.end(), {ffn.experts->count, ffn.experts->active, ffn.experts->d_ff, ffn.experts->shared_d_ff});
      }
    }
    return key;
  }

  const RankShares& shares_;
  std::map<std::vector<Count>, std::shared_ptr<const Estimator>> by_part_;
};

[[noreturn]] void fail(const Model& model, std::string message, std::string hint) {
  throw InputError(Diagnostic{model.name, "", std::move(message), std::move(hint)});
}

}  // namespace

Count Parallelism::*spread_degree(const Engine& engine) {
  return engine.spread == Spread::layers ? &Parallelism::pipeline : &Parallelism::tensor;
}

Deployment::Deployment(Setup setup)
    : setup_(placeable(std::move(setup))),
      whole_(std::make_shared<const Estimator>(setup_.model, setup_.workload, setup_.engine, 1,
                                               first_engine_device(setup_.settings))),
      placement_(placement_of(setup_)),
      ranks_(placement_
                 ? split(*setup_.model, setup_.settings.parallelism, placement_->devices, setup_.settings.machine.get())
                 : ranks_of(setup_)),
      crossings_(std::make_unique<Crossings>()) {
  check_even(*setup_.model, setup_.settings.parallelism);
  const Workload workload = rank_workload(setup_);
  const auto& stored = whole_->stored_tensors();
  const Count context_ranks = setup_.settings.parallelism.context_ranks();
  // Of a device that holds everything nothing is asked that depends on the types of its weights.
  const bool alike = same_work(setup_.workload.convention, workload.convention);
  const RankShares shares(*setup_.model, stored ? &*stored : nullptr);
  std::optional<AdapterSettings> slots = setup_.settings.adapters;
  if (slots) slots->rank = slot_rank(*setup_.engine.engine, slots->rank);
  RankEstimators estimators(shares);
  const auto add = [&](std::vector<Device>& devices, const Rank& rank, Count ranks, Count host_experts) {
    const auto make = [&] {
      return std::make_shared<const Estimator>(rank.model, workload, setup_.engine, ranks,
                                               first_engine_device(setup_.settings));
    };
    auto estimator = alike && &*rank.model == &*setup_.model ? whole_
                     : ranks_.size() == 1                    ? make()
                                                             : estimators.of(rank, ranks, make);
    devices.push_back({&rank,
                       std::move(estimator),
                       stored ? std::optional(shares.weights(rank, host_experts)) : std::nullopt,
                       shares.feed_forward(rank),
                       {}});
    if (slots) devices.back().adapters = device_adapters(*setup_.model, rank, *slots, host_experts);
  };
  devices_.reserve(ranks_.size());
  for (const Rank& rank : ranks_) {
    add(devices_, rank, context_ranks, placement_ ? placement_->host_expert_layers : Count{});
  }
  check_companions(setup_);
  if (setup_.companions.draft) add_draft();
  if (placement_) {
    host_ranks_ = split(*setup_.model, Parallelism{}, std::span(&placement_->host, 1));
    add(hosts_, host_ranks_.front(), 1, {});
  }
  set_cards();
}

Deployment::~Deployment() = default;
Deployment::Deployment(Deployment&&) noexcept = default;

const Accelerator* Deployment::accelerator(std::size_t group) const {
  const DeploymentSettings& settings = setup_.settings;
  if (settings.machine) return &settings.machine->groups[group].gpu;
  return settings.gpu ? &*settings.gpu : nullptr;
}

std::optional<Fraction> Deployment::utilization() const {
  const Fraction& first = cards_.front().utilization;
  const bool alike =
      std::all_of(cards_.begin(), cards_.end(), [&](const Card& card) { return card.utilization == first; });
  return alike ? std::optional(first) : std::nullopt;
}

std::optional<Count> Deployment::capacity() const {
  return setup_.settings.machine ? std::nullopt : cards_.front().capacity;
}

std::optional<Count> Deployment::total_capacity() const {
  const DeploymentSettings& settings = setup_.settings;
  if (!settings.machine) return settings.gpu ? std::optional(*cards_.front().capacity * devices()) : std::nullopt;
  Count sum;
  for (std::size_t i = 0; i < cards_.size(); ++i) sum += settings.machine->groups[i].count * *cards_[i].capacity;
  return sum;
}

/// The tokens that a device works on: its part of them under context parallelism.
Count Deployment::rank_context(Count context) const { return ceil_div(context, setup_.settings.parallelism.context); }

void Deployment::set_cards() {
  const DeploymentSettings& settings = setup_.settings;
  const Fraction engine{setup_.engine.engine->utilization_percent, 100};
  cards_.resize(settings.machine ? settings.machine->groups.size() : 1);
  const bool multiplies = settings.has_cards() && !settings.activations;
  const std::vector<std::string_view> multiplied = multiplies ? multiplied_types() : std::vector<std::string_view>();
  for (std::size_t i = 0; i < cards_.size(); ++i) {
    Card& card = cards_[i];
    const Accelerator* const gpu = accelerator(i);
    card.utilization = engine;
    if (gpu != nullptr && gpu->unified_memory_usable) card.utilization = engine * *gpu->unified_memory_usable;
    if (settings.utilization) card.utilization = *settings.utilization;
    if (settings.machine && settings.machine->groups[i].utilization) {
      card.utilization = *settings.machine->groups[i].utilization;
    }
    if (gpu == nullptr) continue;
    card.capacity = card.utilization.of(gpu->memory());
    card.peak = settings.activations ? gpu->peak(*settings.activations) : peak_on(*gpu, multiplied);
  }
}

std::optional<SequenceMix> Deployment::mix(Count context, Count batch) const {
  const RequestMix& requests = setup_.settings.requests;
  if (requests.alike()) return std::nullopt;
  SequenceMix mix = requests.of(batch, context);
  // Tokens of a decoder that reads another prompt's encoder, or that sees later tokens, are no prefix of others.
  if (!setup_.model->decodes() || setup_.model->has_encoder()) mix.prefix = 0;
  return mix;
}

Count Deployment::shared_tokens(const SequenceMix& mix) const {
  Count fewest = mix.prefix;
  for (const Device& device : devices_) fewest = min(fewest, shared_tokens_of(*device.estimator, mix));
  return fewest;
}

Deployment::Point Deployment::point(Count context, Count batch) const {
  std::optional<SequenceMix> together = mix(context, batch);
  return {context, together ? together->sequences() : batch, std::move(together)};
}

ReserveRequest Deployment::request(const Estimator& estimator, const Point& point) {
  return point.mix ? mix_request(estimator, point.context, *point.mix)
                   : estimator.request(point.context, point.sequences);
}

/// Cache and state. Empty if the model's file does not say how large its state is.
std::optional<Count> Deployment::reserved(const Estimator& estimator, const Point& point) {
  const std::optional<Count> alike = estimator.at(point.context, point.sequences).count(Metric::kv_reserved_bytes);
  return alike && point.mix ? estimator.engine().engine->reserve(request(estimator, point)).bytes : alike;
}

Estimate Deployment::estimate(const Estimator& estimator, const Point& point, MetricSet wanted) {
  if (!point.mix) return estimator.at(point.context, point.sequences, wanted);
  return mix_estimate(estimator, point.context, *point.mix, shared_tokens_of(estimator, *point.mix) / point.ranks,
                      wanted);
}

/// What a device works on under context parallelism.
Deployment::Point Deployment::local(const Point& point) const {
  Point part = {rank_context(point.context), point.sequences, point.mix, setup_.settings.parallelism.context};
  if (part.mix) {
    for (SequenceGroup& group : part.mix->groups) group.tokens = rank_context(group.tokens);
  }
  return part;
}

EstimateDetails Deployment::details(Count context, Count batch) const {
  const Point at = point(context, batch);
  if (!at.mix) return whole_->details(context, batch);
  try {
    return mix_details(*whole_, context, *at.mix, shared_tokens_of(*whole_, *at.mix));
  } catch (const CountOverflow& overflow) {
    fail_overflow(context, batch, overflow);
  }
}

std::vector<DeviceMemory> Deployment::memory(Count context, Count batch) const {
  std::vector<DeviceMemory> all;
  all.reserve(devices_.size());
  const Point point = this->point(context, batch);
  const MetricSet wanted = counted(kMemory, context, point.sequences);
  for (const Device& device : devices_) {
    const Estimate estimate = device.estimator->at(context, point.sequences, wanted);
    DeviceMemory memory{
        device.rank->stage, device.rank->devices, std::nullopt, {}, {}, setup_.settings.overhead.value_or(0), {}};
    memory.capacity = cards_[device.rank->card].capacity;
    const std::shared_ptr<const Machine>& machine = setup_.settings.machine;
    if (machine) memory.card = {machine, &machine->groups[device.rank->card]};
    if (device.weights) memory.weights = device.weights->bytes;
    memory.kv_reserved = estimate.count(Metric::kv_reserved_bytes);
    if (point.mix && memory.kv_reserved) {
      memory.kv_reserved = setup_.engine.engine->reserve(request(*device.estimator, point)).bytes;
    }
    if (placement_ && placement_->host_cache) memory.kv_reserved = Count{};
    const Count local = rank_context(context);
    if (const auto compute_buffer = setup_.engine.engine->compute_buffer) {
      memory.has_compute_buffer = true;
      memory.activations = compute_buffer(request(*device.estimator, point));
    } else {
      memory.activations = (local == context ? estimate : device.estimator->at(local, point.sequences, wanted))
                               .count(Metric::activation_bytes);
    }
    if (setup_.settings.adapters) memory.adapters = device.adapters ? device.adapters->bytes() : std::optional<Count>();
    all.push_back(std::move(memory));
  }
  add_companions(all, context, batch);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].pool_holds = pool_holds(devices_[i], all[i], point);
  return all;
}

void Deployment::add_companions(std::vector<DeviceMemory>& devices, Count context, Count batch) const {
  const auto add = [](std::optional<Count>& sum, const std::optional<Count>& bytes) {
    sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
  };
  if (setup_.companions.projector) add(devices.front().weights, setup_.companions.projector);
  if (!draft_) return;
  const std::vector<DeviceMemory> drafts = draft_->memory(context, batch);
  for (DeviceMemory& device : devices) {
    const auto same = std::find_if(drafts.begin(), drafts.end(),
                                   [&](const DeviceMemory& draft) { return draft.stage == device.stage; });
    add(device.weights, same->weights);
    add(device.kv_reserved, same->kv_reserved);
  }
}

/// Each replica is a process of its own.
std::optional<HostMemory> Deployment::host_memory(const Point& point) const {
  if (hosts_.empty()) return std::nullopt;
  const Device& host = hosts_.front();
  const Count replicas = setup_.settings.parallelism.data;
  HostMemory memory;
  if (host.weights) {
    memory.weights = replicas * host.weights->bytes;
    for (const Device& device : devices_) *memory.weights += device.rank->devices * device.weights->host_bytes;
  }
  if (memory.weights && setup_.settings.adapters) {
    *memory.weights += replicas * host.adapters->bytes();
    for (const Device& device : devices_) *memory.weights += device.rank->devices * device.adapters->host_bytes();
  }
  const std::optional<Count> cache = reserved(*host.estimator, point);
  if (cache) memory.kv_reserved = replicas * *cache;
  if (draft_) {
    const std::optional<HostMemory> draft = draft_->host_memory(point);
    if (memory.weights) *memory.weights += draft->weights.value_or(0);
    if (memory.kv_reserved) *memory.kv_reserved += draft->kv_reserved.value_or(0);
  }
  if (!placement_->host_cache) return memory;
  for (const Device& device : devices_) {
    const std::optional<Count> moved = reserved(*device.estimator, point);
    if (!moved) memory.kv_reserved.reset();
    if (memory.kv_reserved) *memory.kv_reserved += device.rank->devices * *moved;
  }
  return memory;
}

/// Whether a step reads layers, experts or cache in host memory. The rows of the input embedding do not count.
bool Deployment::host_works() const {
  if (!placement_) return false;
  if (placement_->host_cache || placement_->host.end > 0 || placement_->host.has_output) return true;
  return std::any_of(devices_.begin(), devices_.end(),
                     [](const Device& device) { return device.weights && device.weights->host_bytes > 0; });
}

/// Returns the bytes that a device has for its cache, by the engine's own rule if it has one. Empty if they are
/// unknown.
std::optional<Count> Deployment::cache_room(const DeviceMemory& memory) const {
  if (setup_.settings.kv_memory) return setup_.settings.kv_memory;
  const std::optional<Count>& room = memory.capacity;
  if (!room || !memory.weights || !memory.adapters || !memory.activations) return std::nullopt;
  const Engine& engine = *setup_.engine.engine;
  const Count held = *memory.weights + *memory.adapters;
  if (engine.cache_room != nullptr) {
    return engine.cache_room(setup_.engine, {*room, held, *memory.activations, memory.overhead});
  }
  return minus_or_zero(*room, held + *memory.activations + memory.overhead);
}

void Deployment::add_draft() {
  const Engine& engine = *setup_.engine.engine;
  if (engine.cache_room != nullptr) {
    throw InputError(setting_fault("draft",
                                   "how " + std::string(engine.name) + " shares its pool with a draft is not modelled",
                                   "the engines vllm, llama.cpp and ideal take one"));
  }
  try {
    draft_ = std::make_unique<const Deployment>(draft_setup(setup_));
  } catch (const InputError& error) {
    Diagnostic first = error.diagnostics().front();
    first.message.insert(0, "the draft " + setup_.companions.draft->name + ": ");
    throw InputError(std::move(first));
  }
}

/// Returns the part of a room that the model's cache takes beside its draft's, as one sequence of n tokens divides it:
/// the blocks of both are as many [vllm/v1/core/kv_cache_utils.py].
Count Deployment::room_beside_draft(Count room, Count own, Count stage, Count context) const {
  const Count draft = draft_ ? draft_->cache_of(stage, context) : Count{};
  return draft == 0 ? room : room * own / (own + draft);
}

/// Returns whether the engine's pool holds b sequences of n tokens. True for engines without a rule of their own, whose
/// cache is compared with what is left.
bool Deployment::pool_holds(const Device& device, const DeviceMemory& memory, const Point& point) const {
  const Engine& engine = *setup_.engine.engine;
  if (engine.cache_room == nullptr || point.context == 0) return true;
  const std::optional<Count> room = cache_room(memory);
  if (!room) return true;
  const CacheCapacity fit = engine.capacity(request(*device.estimator, point), *room);
  if (point.mix) return fit.units_of_mix.value_or(point.sequences * fit.units_per_sequence) <= fit.units;
  return point.sequences * fit.units_per_sequence <= fit.units;
}

Deployment::MemoryLimit Deployment::limit(const std::vector<DeviceMemory>& devices, std::size_t first,
                                          Count context) const {
  if (beyond_positions(context)) return {"positions"};
  if (!within_window(context)) return {"window"};
  return memory_limit(devices, first);
}

/// The device that is asked first names the limit if it has one.
Deployment::MemoryLimit Deployment::memory_limit(const std::vector<DeviceMemory>& devices, std::size_t first) const {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (beyond_kv_memory(devices[i])) return {"kv_cache", i};
  }
  if (const std::string_view part = beyond_capacity(devices[first]); !part.empty()) return {part, first};
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (const std::string_view part = beyond_capacity(devices[i]); !part.empty()) return {part, i};
  }
  return {};
}

bool Deployment::beyond_kv_memory(const DeviceMemory& device) const {
  const std::optional<Count>& kv_memory = setup_.settings.kv_memory;
  // A pool that the engine makes by its own rule is a row or a block larger than the memory that it was made for.
  const bool pooled = setup_.engine.engine->cache_room != nullptr;
  return kv_memory && (pooled ? !device.pool_holds : device.kv_reserved.value_or(0) > *kv_memory);
}

/// Returns the part with which a device's sum exceeds its capacity. Empty if none does.
std::string_view Deployment::beyond_capacity(const DeviceMemory& device) {
  if (!device.capacity) return {};
  Count used;
  const std::string_view working = device.has_compute_buffer ? "compute_buffer" : "activations";
  const std::pair<std::string_view, std::optional<Count>> parts[] = {{"weights", device.weights},
                                                                     {"adapters", device.adapters},
                                                                     {"overhead", device.overhead},
                                                                     {working, device.activations},
                                                                     {"kv_cache", device.kv_reserved}};
  for (const auto& [name, bytes] : parts) {
    used += bytes.value_or(0);
    if (used > *device.capacity) return name;
  }
  return device.pool_holds ? std::string_view() : "kv_cache";
}

std::optional<Count> Deployment::window() const {
  const Positions& positions = setup_.model->positions;
  if (setup_.settings.beyond_window || !positions.trained_context) return std::nullopt;
  return max(*positions.trained_context, positions.effective_context.value_or(0));
}

/// A search needs no more than about so many bytes.
double Deployment::free_bytes(const DeviceMemory& device) const {
  const double kept = device.kv_reserved.value_or(0).to_double();
  double free = std::numeric_limits<double>::infinity();
  if (setup_.settings.kv_memory) free = setup_.settings.kv_memory->to_double() - kept;
  const std::optional<Count>& room = device.capacity;
  const std::optional<Count> bytes = device.bytes();
  if (room && bytes) free = std::min(free, room->to_double() - bytes->to_double());
  if (setup_.engine.engine->cache_room == nullptr) return free;
  const std::optional<Count> pool = cache_room(device);
  return pool ? std::min(free, pool->to_double() - kept) : free;
}

HeldPoint Deployment::held(Count context, Count batch) const {
  std::vector<DeviceMemory> devices;
  try {
    devices = memory(context, batch);
  } catch (const CountOverflow& overflow) {
    fail_overflow(context, batch, overflow);
  }
  for (const DeviceMemory& device : devices) {
    if (!device.kv_reserved) fail(*setup_.model, "its file does not say how large its state is", "");
    if (setup_.settings.has_cards() && !device.bytes()) {
      const std::optional<StoredWeights>& stored = setup_.model->stored;
      if (!device.weights && stored && !stored->known) {
        fail(*setup_.model, "its weights are not known (" + stored->name + "), so that nothing can be said to fit",
             "the setting weights names their type");
      }
      fail(*setup_.model, "its weights and activations are not known, so that nothing can be said to fit",
           "the file needs d_model, d_ff and vocab; or ask with a size of the cache (kv_memory), without a GPU");
    }
  }
  if (!setup_.settings.has_cards() && !setup_.settings.kv_memory) {
    throw InputError(setting_fault("gpu", "expected a GPU, found nothing",
                                   "`ctxcost list gpus` shows all; or give the size of the cache (kv_memory)"));
  }
  HeldPoint point{beyond_positions(context) ? "positions" : memory_limit(devices, 0).part, free_bytes(devices.front())};
  for (const DeviceMemory& device : std::span(devices).subspan(1)) {
    point.free_bytes = std::min(point.free_bytes, free_bytes(device));
  }
  return point;
}

bool Deployment::beyond_positions(Count context) const {
  const std::optional<Count>& end = setup_.model->positions.hard_limit;
  return end && context > *end;
}

void Deployment::fail_overflow(Count context, Count batch, const CountOverflow& overflow) const {
  throw OverflowError(Diagnostic{setup_.model->name, "",
                                 "a count at context " + to_string(context) + ", batch " + to_string(batch) +
                                     " on these devices does not fit 128 bits",
                                 overflow.what()});
}

/// What one sequence of that length takes on a device of that stage.
Count Deployment::cache_of(Count stage, Count context) const {
  if (placement_ && placement_->host_cache) return {};
  for (const Device& device : devices_) {
    if (device.rank->stage != stage) continue;
    return device.estimator->at(context, 1).count(Metric::kv_reserved_bytes).value_or(0);
  }
  return {};
}

void Deployment::set_capacity(DeploymentEstimate& result, Count context) const {
  std::optional<Count> tokens;
  std::optional<double> concurrency;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const DeviceMemory& memory = result.devices[i];
    const std::optional<Count> available = cache_room(memory);
    if (!available) return;
    const Estimator& estimator = *devices_[i].estimator;
    const Engine& engine = *setup_.engine.engine;
    const ReserveRequest request = estimator.request(context, 1);
    Count device_tokens;
    double device_concurrency = 0;
    if (engine.capacity != nullptr) {
      const Count own = draft_ ? engine.reserve(request).bytes : Count{};
      const CacheCapacity fit = engine.capacity(request, room_beside_draft(*available, own, memory.stage, context));
      if (fit.units_per_sequence == 0) continue;
      device_tokens = fit.tokens.value_or(fit.units * context / fit.units_per_sequence);
      device_concurrency = fit.units.to_double() / fit.units_per_sequence.to_double();
    } else {
      const bool elsewhere = placement_ && placement_->host_cache;
      const Count draft = draft_ ? draft_->cache_of(memory.stage, context) : Count{};
      const Count one = elsewhere ? Count{} : engine.reserve(request).bytes + draft;
      if (one == 0) continue;
      device_tokens = *available * context / one;
      device_concurrency = available->to_double() / one.to_double();
    }
    tokens = tokens ? min(*tokens, device_tokens) : device_tokens;
    concurrency = concurrency ? std::min(*concurrency, device_concurrency) : device_concurrency;
  }
  if (tokens) result[Metric::kv_capacity_tokens] = *tokens;
  if (concurrency) result[Metric::max_concurrency] = *concurrency;
}

DeploymentEstimate Deployment::at(Count context, Count batch) const {
  DeploymentEstimate result = at(context, batch, kEverything);
  const Point point = this->point(context, batch);
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const Estimator& estimator = *devices_[i].estimator;
    try {
      result.devices[i].kv_parts = setup_.engine.engine->reserve(request(estimator, point)).parts;
      if (setup_.companions.draft_asked) {
        for (const DeviceMemory& draft : draft_->memory(context, batch)) {
          if (draft.stage != result.devices[i].stage) continue;
          result.devices[i].kv_parts.push_back({"draft", draft.kv_reserved.value_or(0)});
          break;
        }
      }
    } catch (const CountOverflow& overflow) {
      fail_overflow(context, batch, overflow);
    }
  }
  return result;
}

MetricValue Deployment::metric(Metric metric, Count context, Count batch) const {
  if (!needs_devices(metric)) {
    try {
      return estimate(*whole_, point(context, batch), MetricSet::all())[metric];
    } catch (const CountOverflow& overflow) {
      fail_overflow(context, batch, overflow);
    }
  }
  return at(context, batch, {metric})[metric];
}

DeploymentEstimate Deployment::at(Count context, Count batch, MetricSet wanted) const {
  const Point point = this->point(context, batch);
  const MetricSet sums = counted(wanted, context, point.sequences);
  try {
    DeploymentEstimate result;
    result.model = estimate(*whole_, point, sums);
    result.devices = memory(context, batch);
    std::optional<Count> total = Count{};
    for (std::size_t i = 0; i < result.devices.size(); ++i) {
      const std::optional<Count> bytes = result.devices[i].bytes();
      if (!bytes || !total) {
        total.reset();
        continue;
      }
      *total += result.devices[i].devices * *bytes;
    }
    const bool unlike = setup_.settings.machine && total;
    const std::size_t fullest = fullest_of(result.devices);
    result.largest = unlike ? tightest_of(result.devices) : fullest;
    const DeviceMemory& largest = result.devices[fullest];
    result.capacity = result.devices[result.largest].capacity;
    if (largest.kv_reserved) result[Metric::device_kv_bytes] = *largest.kv_reserved;
    if (sums.has(Metric::host_bytes)) result.host = host_memory(point);
    if (result.host) {
      if (const std::optional<Count> bytes = result.host->bytes()) result[Metric::host_bytes] = *bytes;
    }
    if (total) {
      const Count bytes = *largest.bytes();
      result[Metric::device_bytes] = bytes;
      result[Metric::total_bytes] = *total;
      if (result.capacity) {
        const Count used = unlike ? *result.devices[result.largest].bytes() : bytes;
        result[Metric::headroom_bytes] = *result.capacity >= used ? MetricValue(*result.capacity - used)
                                                                  : MetricValue(Negative{used - *result.capacity});
      }
    }
    if (context > 0 && sums.has_any({Metric::kv_capacity_tokens, Metric::max_concurrency}))
      set_capacity(result, context);
    if (sums.has(Metric::prefill_seconds) ||
        (sums.has(Metric::usd_per_million_prefill_tokens) && running_rate(setup_).usd_per_hour)) {
      result.prefill = time(true, point);
    }
    if (sums.has_any({Metric::decode_seconds_per_token, Metric::decode_tokens_per_second,
                      Metric::usd_per_million_decode_tokens, Metric::joules_per_decode_token})) {
      result.decode = time(false, point);
    }
    if (result.prefill) result[Metric::prefill_seconds] = result.prefill->seconds;
    if (result.decode) {
      result[Metric::decode_seconds_per_token] = result.decode->seconds;
      if (result.decode->seconds > 0) {
        result[Metric::decode_tokens_per_second] = point.sequences.to_double() / result.decode->seconds;
      }
    }
    if (sums.has_any(kRunningCosts)) set_running_cost(setup_, context, batch, result);
    if (sums.has(Metric::critical_batch)) {
      if (const std::optional<Count> found = critical_batch()) result[Metric::critical_batch] = *found;
    }
    // The search has no overflow of its own.
    if (wanted.has(Metric::kv_equals_weights_context) && setup_.settings.requests.lengths.empty()) {
      if (const std::optional<Count> found = kv_equals_weights(batch)) {
        result[Metric::kv_equals_weights_context] = *found;
      }
    }
    const MemoryLimit binding = limit(result.devices, unlike ? result.largest : 0, context);
    result.limit = binding.part;
    result.limited = binding.device;
    const bool known = setup_.settings.has_cards() ? total.has_value() : setup_.settings.kv_memory.has_value();
    result.fits = known && result.limit.empty();
    if (result.fits && setup_.settings.gpu) {
      result.tight = setup_.settings.margin.missed(setup_.settings.gpu->usable_memory(), *largest.bytes());
    }
    if (result.fits && unlike) {
      result.tight = std::any_of(result.devices.begin(), result.devices.end(), [&](const DeviceMemory& device) {
        return setup_.settings.margin.missed(device.card->gpu.usable_memory(), *device.bytes());
      });
    }
    return result;
  } catch (const CountOverflow& overflow) {
    fail_overflow(context, batch, overflow);
  }
}

FullestDevice Deployment::fullest(Count context, Count batch) const {
  try {
    const std::vector<DeviceMemory> all = memory(context, batch);
    const std::size_t index = fullest_of(all);
    if (placement_ && placement_->host_cache) return {all[index], Count{}, Count{}, nullptr};
    const Estimator& part = *devices_[index].estimator;
    MetricSet wanted;
    wanted.add(Metric::kv_cache_bytes);
    wanted.add(Metric::state_bytes);
    const Estimate held = part.at(context, batch, wanted);
    return {all[index], held.count(Metric::kv_cache_bytes), held.count(Metric::state_bytes), &part};
  } catch (const CountOverflow& overflow) {
    fail_overflow(context, batch, overflow);
  }
}

}  // namespace ctxcost
