#include "deployment_fields.h"

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/running_cost.h"

namespace ctxcost {
namespace {

const Accelerator& gpu_of(const Deployment& deployment) { return *deployment.setup().settings.gpu; }

using GpuField = FieldsOf<Deployment>;
constexpr Field kOfGpu[] = {
    GpuField::text("id", "in the catalogue, or of a file", [](const Deployment& d) { return gpu_of(d).id; }),
    GpuField::text("name", "as its vendor calls it", [](const Deployment& d) { return gpu_of(d).name; }),
    GpuField::count("memory_bytes", "as its driver reports, else nominal",
                    [](const Deployment& d) { return gpu_of(d).memory(); }),
    GpuField::count("usable_bytes", "what a program may take of it by default",
                    [](const Deployment& d) { return gpu_of(d).usable_memory(); }),
    GpuField::count("capacity_bytes", "what this question may take of it",
                    [](const Deployment& d) { return d.capacity(); }),
    GpuField::count("bandwidth_bytes_per_s", "of its memory",
                    [](const Deployment& d) { return gpu_of(d).bandwidth_bytes_per_s; }),
    GpuField::count("peak_flops_per_s", "dense, in the type below",
                    [](const Deployment& d) { return d.peak()->flops_per_s; }),
    GpuField::text("peak_type", "the type of the peak", [](const Deployment& d) { return d.peak()->type; }),
    GpuField::count("link_bytes_per_s_per_direction", "of the fastest link to its peers",
                    [](const Deployment& d) { return gpu_of(d).link_bytes_per_s; })
        .or_null(),
    GpuField::text("source", "where that is published", [](const Deployment& d) { return gpu_of(d).source; }),
};

using CardsField = FieldsOf<CardsOfMachine>;
constexpr Field kOfCards[] = {
    CardsField::text("id", "in the catalogue, or of a file",
                     [](const CardsOfMachine& c) -> std::string_view { return c.group().gpu.id; }),
    CardsField::text("name", "as its vendor calls it",
                     [](const CardsOfMachine& c) -> std::string_view { return c.group().gpu.name; }),
    CardsField::count("count", "of such cards, one after another",
                      [](const CardsOfMachine& c) { return c.group().count; }),
    CardsField::count("memory_bytes", "as its driver reports, else nominal",
                      [](const CardsOfMachine& c) { return c.group().gpu.memory(); }),
    CardsField::count("usable_bytes", "what a program may take of it by default",
                      [](const CardsOfMachine& c) { return c.group().gpu.usable_memory(); }),
    CardsField::count("capacity_bytes", "what this question may take of it",
                      [](const CardsOfMachine& c) { return c.deployment->capacity_of(c.index); }),
    CardsField::real("utilization", "of its memory that may be used",
                     [](const CardsOfMachine& c) { return c.deployment->utilization_of(c.index).value(); }),
    CardsField::count("bandwidth_bytes_per_s", "of its memory",
                      [](const CardsOfMachine& c) { return c.group().gpu.bandwidth_bytes_per_s; }),
    CardsField::count("peak_flops_per_s", "dense, in the type below",
                      [](const CardsOfMachine& c) { return c.deployment->peak(c.index)->flops_per_s; }),
    CardsField::text("peak_type", "the type of the peak",
                     [](const CardsOfMachine& c) -> std::string_view { return c.deployment->peak(c.index)->type; }),
    CardsField::count("link_bytes_per_s_per_direction", "of the fastest link to its peers",
                      [](const CardsOfMachine& c) { return c.group().gpu.link_bytes_per_s; })
        .or_null(),
    CardsField::text("source", "where that is published",
                     [](const CardsOfMachine& c) -> std::string_view { return c.group().gpu.source; }),
};

using TakenField = FieldsOf<CardGroup>;
constexpr Field kOfTaken[] = {
    TakenField::text("id", "in the catalogue, or of a file",
                     [](const CardGroup& c) -> std::string_view { return c.gpu.id; }),
    TakenField::count("count", "of such cards, one after another", [](const CardGroup& c) { return c.count; }),
};

using DeviceField = FieldsOf<DeviceMemory>;
constexpr auto kIsOfMachine = [](const DeviceMemory& d) { return d.card != nullptr; };
constexpr Field kOfDevice[] = {
    DeviceField::count("stage", "of the pipeline, from 0", [](const DeviceMemory& d) { return d.stage; }),
    DeviceField::count("count", "devices that are alike", [](const DeviceMemory& d) { return d.devices; }),
    DeviceField::where(kIsOfMachine,
                       DeviceField::text("gpu", "their card, of a machine whose cards differ",
                                         [](const DeviceMemory& d) -> std::string_view { return d.card->gpu.id; })),
    DeviceField::where(kIsOfMachine, DeviceField::count("capacity_bytes", "usable bytes of one of them",
                                                        [](const DeviceMemory& d) { return d.capacity; })),
    DeviceField::count("weights_bytes", "of one of them", [](const DeviceMemory& d) { return d.weights; }),
    DeviceField::where([](const DeviceMemory& d) { return d.adapters != Count{}; },
                       DeviceField::count("adapters_bytes", "slots for LoRA adapters",
                                          [](const DeviceMemory& d) { return d.adapters; })),
    DeviceField::count("kv_reserved_bytes", "cache and state that the engine reserves",
                       [](const DeviceMemory& d) { return d.kv_reserved; }),
    DeviceField::counts("kv_parts", "parts of kv_reserved_bytes",
                        [](const DeviceMemory& d, const auto& visit) {
                          for (const ReservedPart& part : d.kv_parts) visit(part.name, part.bytes);
                        }),
    DeviceField::count("activation_bytes", "of the largest step; null under an engine with a rule for its buffer",
                       [](const DeviceMemory& d) { return d.has_compute_buffer ? std::nullopt : d.activations; }),
    DeviceField::count("compute_buffer_bytes", "the buffer in which the engine computes, in place of activation_bytes",
                       [](const DeviceMemory& d) { return d.has_compute_buffer ? d.activations : std::nullopt; }),
    DeviceField::count("overhead_bytes", "what the runtime takes besides",
                       [](const DeviceMemory& d) { return d.overhead; }),
    DeviceField::count("device_bytes", "the sum", [](const DeviceMemory& d) { return d.bytes(); }),
};

using HostField = FieldsOf<HostMemory>;
constexpr Field kOfHost[] = {
    HostField::count("weights_bytes", "of the input embedding, layers and experts, with their adapters",
                     [](const HostMemory& h) { return h.weights; }),
    HostField::count("kv_reserved_bytes", "cache and state", [](const HostMemory& h) { return h.kv_reserved; }),
};

using PhaseField = FieldsOf<PhaseTime>;
constexpr Field kOfPhase[] = {
    PhaseField::real("seconds", "the longest side of each stage, summed", [](const PhaseTime& p) { return p.seconds; }),
    PhaseField::real("compute_seconds", "FLOPs at the peak", [](const PhaseTime& p) { return p.compute_seconds; }),
    PhaseField::real("memory_seconds", "bytes at the bandwidth", [](const PhaseTime& p) { return p.memory_seconds; }),
    PhaseField::real("host_seconds", "of these, bytes in host memory at its bandwidth, where it is given",
                     [](const PhaseTime& p) { return p.host_seconds ? Value(*p.host_seconds) : Value(); })
        .or_null(),
    PhaseField::real(
        "interconnect_seconds", "all-reduces at the link's speed, each sent once",
        [](const PhaseTime& p) { return p.interconnect_seconds ? Value(*p.interconnect_seconds) : Value(); })
        .or_null(),
    PhaseField::word("bound", kTimeBounds, "the longest side", [](const PhaseTime& p) { return p.bound(); }),
};

using GroupOfRequestsField = FieldsOf<SequenceGroup>;
constexpr Field kOfRequestGroup[] = {
    GroupOfRequestsField::count("tokens", "of each", [](const SequenceGroup& g) { return g.tokens; }),
    GroupOfRequestsField::count("users", "requests that are so long",
                                [](const SequenceGroup& g) { return g.sequences; }),
};
constexpr FieldTable kRequestGroupFields{"request_group", kOfRequestGroup};

using RequestsField = FieldsOf<RequestsAt>;
constexpr Field kOfRequests[] = {
    RequestsField::count("users", "as asked; MEAN:MAX has one more request, the longest",
                         [](const RequestsAt& r) { return r.users; }),
    RequestsField::count("shared_prefix", "tokens that all requests start with",
                         [](const RequestsAt& r) { return r.shared_prefix; }),
    RequestsField::records("lengths", kRequestGroupFields, "the requests by length, the longest first",
                           [](const RequestsAt& r, const auto& visit) {
                             for (const SequenceGroup& group : r.lengths) visit(group);
                           }),
};

const DeploymentSettings& settings_of(const Deployment& deployment) { return deployment.setup().settings; }

Value real_or_null(const std::optional<Fraction>& value) { return value ? Value(value->value()) : Value(); }

constexpr Field kOfAssumptions[] = {
    GpuField::real("utilization", "of a device's memory that may be used; null where cards differ in it",
                   [](const Deployment& d) {
                     const std::optional<Fraction> share = d.utilization();
                     return share ? Value(share->value()) : Value();
                   })
        .or_null(),
    GpuField::count("overhead_bytes", "of each device",
                    [](const Deployment& d) { return settings_of(d).overhead.value_or(0); }),
    GpuField::count("kv_memory_bytes", "of each device for the cache, where that is given",
                    [](const Deployment& d) { return settings_of(d).kv_memory; }),
    GpuField::count("host_bandwidth_bytes_per_s", "of host memory, where that is given",
                    [](const Deployment& d) { return settings_of(d).host_bandwidth; }),
    GpuField::where(
        [](const Deployment& d) { return settings_of(d).adapters.has_value(); },
        GpuField::text("lora", "slots for LoRA adapters on each device",
                       [](const Deployment& d) -> std::string_view { return settings_of(d).adapters->name; })),
    GpuField::where(
        [](const Deployment& d) { return d.setup().companions.draft_asked; },
        GpuField::text("draft", "a model that drafts tokens, whose weights and cache are counted, too",
                       [](const Deployment& d) -> std::string_view { return d.setup().companions.draft->name; })),
    GpuField::where([](const Deployment& d) { return d.setup().images.has_value(); },
                    GpuField::count("image_tokens", "tokens of each context that are those of images",
                                    [](const Deployment& d) { return d.setup().images->in_context(); })),
    GpuField::text("margin", "what must stay free, else it is tight",
                   [](const Deployment& d) { return settings_of(d).margin.name(); }),
    GpuField::text("activations", "the type in which kernels multiply, where that is given",
                   [](const Deployment& d) {
                     const std::optional<Precision>& type = settings_of(d).activations;
                     return type ? Value(type->name()) : Value();
                   })
        .or_null(),
    GpuField::real("mfu", "of the peak", [](const Deployment& d) { return settings_of(d).mfu.value(); }),
    GpuField::real("mbu", "of the bandwidth", [](const Deployment& d) { return settings_of(d).mbu.value(); }),
    GpuField::real("usd_per_device_hour", "price as given, else the list price",
                   [](const Deployment& d) { return real_or_null(device_usd_per_hour(settings_of(d))); })
        .or_null(),
    GpuField::text("list_price_source", "when and where that list price was read",
                   [](const Deployment& d) {
                     const DeploymentSettings& settings = settings_of(d);
                     if (settings.rates.usd_per_hour || !settings.gpu || !settings.gpu->price) return Value();
                     return Value(format("{}, {}", settings.gpu->price->date, settings.gpu->price->source));
                   })
        .or_null(),
    GpuField::real("device_watts", "power as given, else the board's",
                   [](const Deployment& d) { return real_or_null(device_power(settings_of(d))); })
        .or_null(),
};

}  // namespace

const FieldTable kGpuFields{"gpu", kOfGpu};
const FieldTable kCardsFields{"cards", kOfCards};
const FieldTable kTakenFields{"fewest_cards", kOfTaken};
const FieldTable kDeviceFields{"device", kOfDevice};
const FieldTable kHostFields{"host", kOfHost};
const FieldTable kPhaseFields{"phase", kOfPhase};
const FieldTable kRequestsFields{"requests", kOfRequests};
const FieldTable kAssumptionsFields{"assumptions", kOfAssumptions};

const Deployment* with_gpu(const Deployment& deployment) {
  return deployment.setup().settings.gpu ? &deployment : nullptr;
}

bool is_measured(const DeploymentSettings& settings) {
  return !(settings.mfu == Fraction{} && settings.mbu == Fraction{});
}

std::string peaks_text(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  if (!settings.has_cards()) return {};
  std::string text =
      format("times: {}", is_measured(settings) ? "at the given mfu and mbu" : "bounds at full peak and bandwidth");
  const auto add = [&text](const Accelerator& gpu, const Accelerator::Peak& peak) {
    const std::string one = format(", {} with {}/s in {} and {}/s", gpu.id, short_work(peak.flops_per_s, "FLOPs"),
                                   peak.type, short_bytes(gpu.bandwidth_bytes_per_s, UnitSystem::si));
    if (text.find(one) == std::string::npos) text += one;
  };
  if (settings.gpu) add(*settings.gpu, *deployment.peak());
  if (settings.machine) {
    for_each_cards(deployment,
                   [&](const CardsOfMachine& cards) { add(cards.group().gpu, *deployment.peak(cards.index)); });
  }
  return text;
}

std::string limit_text(std::string_view limit) {
  if (limit == "kv_cache") return "KV cache";
  if (limit == "compute_buffer") return "compute buffer";
  if (limit == "positions") return "the position table";
  if (limit == "window") return "the model's window";
  if (limit == "engine") return "the engine";
  return std::string(limit);
}

std::string limit_text(const DeploymentEstimate& estimate) {
  std::string text = limit_text(estimate.limit);
  if (estimate.limit == "window" || estimate.limit == "positions" || estimate.limit.empty()) return text;
  const DeviceMemory& device = estimate.devices[estimate.limited];
  if (device.card == nullptr) return text;
  return text + format(" of {} in stage {}", device.card->gpu.id, to_string(device.stage));
}

std::string requests_text(const RequestMix& requests, const std::optional<Count>& context,
                          const std::optional<Count>& users) {
  std::string text;
  const std::string each = users ? with_separators(*users) + " users of " : "users of ";
  if (requests.lengths.empty()) {
    if (context) text = with_separators(*context) + " tokens";
    if (users) text += (context ? " x " : "x ") + with_separators(*users);
  } else if (requests.one_more) {
    text = format("{}{} tokens and a request of {}", each, with_separators(requests.lengths.front().tokens),
                  with_separators(*requests.one_more));
  } else if (requests.shortest() == requests.longest()) {
    text = format("{}{} tokens", each, with_separators(requests.longest()));
  } else {
    text = format("{}{} to {} tokens", each, with_separators(requests.shortest()), with_separators(requests.longest()));
  }
  if (requests.shared_prefix > 0) text += format(", {} of them shared", with_separators(requests.shared_prefix));
  return text;
}

std::string place_text(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  if (settings.machine) return format("{} ({})", settings.machine->name(), settings.parallelism.name());
  std::string text = to_string(deployment.devices());
  text += settings.gpu ? " x " + settings.gpu->id : deployment.devices() == 1 ? " device" : " devices";
  if (deployment.devices() > 1) text += format(" ({})", settings.parallelism.name());
  return text;
}

}  // namespace ctxcost
