#include "deployment_fields.h"

#include "core/format.h"
#include "ctxcost/core/units.h"

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

using DeviceField = FieldsOf<DeviceMemory>;
constexpr Field kOfDevice[] = {
    DeviceField::count("stage", "of the pipeline, from 0", [](const DeviceMemory& d) { return d.stage; }),
    DeviceField::count("count", "devices that are alike", [](const DeviceMemory& d) { return d.devices; }),
    DeviceField::count("weights_bytes", "of one of them", [](const DeviceMemory& d) { return d.weights; }),
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
    HostField::count("weights_bytes", "of the input embedding, layers and experts",
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

const DeploymentSettings& settings_of(const Deployment& deployment) { return deployment.setup().settings; }

constexpr Field kOfAssumptions[] = {
    GpuField::real("utilization", "of a device's memory that may be used",
                   [](const Deployment& d) { return d.utilization().value(); }),
    GpuField::count("overhead_bytes", "of each device",
                    [](const Deployment& d) { return settings_of(d).overhead.value_or(0); }),
    GpuField::count("kv_memory_bytes", "of each device for the cache, where that is given",
                    [](const Deployment& d) { return settings_of(d).kv_memory; }),
    GpuField::count("host_bandwidth_bytes_per_s", "of host memory, where that is given",
                    [](const Deployment& d) { return settings_of(d).host_bandwidth; }),
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
};

}  // namespace

const FieldTable kGpuFields{"gpu", kOfGpu};
const FieldTable kDeviceFields{"device", kOfDevice};
const FieldTable kHostFields{"host", kOfHost};
const FieldTable kPhaseFields{"phase", kOfPhase};
const FieldTable kAssumptionsFields{"assumptions", kOfAssumptions};

const Deployment* with_gpu(const Deployment& deployment) {
  return deployment.setup().settings.gpu ? &deployment : nullptr;
}

bool is_measured(const DeploymentSettings& settings) {
  return !(settings.mfu == Fraction{} && settings.mbu == Fraction{});
}

std::string peaks_text(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  const std::optional<Accelerator::Peak>& peak = deployment.peak();
  if (!peak) return {};
  return format("times: {}, {} with {}/s in {} and {}/s",
                is_measured(settings) ? "at the given mfu and mbu" : "bounds at full peak and bandwidth",
                settings.gpu->id, short_work(peak->flops_per_s, "FLOPs"), peak->type,
                short_bytes(settings.gpu->bandwidth_bytes_per_s, UnitSystem::si));
}

std::string limit_text(std::string_view limit) {
  if (limit == "kv_cache") return "KV cache";
  if (limit == "compute_buffer") return "compute buffer";
  if (limit == "positions") return "the position table";
  if (limit == "window") return "the model's window";
  if (limit == "engine") return "the engine";
  return std::string(limit);
}

std::string place_text(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  std::string text = to_string(deployment.devices());
  text += settings.gpu ? " x " + settings.gpu->id : deployment.devices() == 1 ? " device" : " devices";
  if (deployment.devices() > 1) text += format(" ({})", settings.parallelism.name());
  return text;
}

}  // namespace ctxcost
