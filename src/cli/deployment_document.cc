#include "deployment_document.h"

#include <algorithm>
#include <charconv>

#include "ctxcost/core/units.h"
#include "render/wording.h"

namespace ctxcost::cli {
namespace {

void write_count(JsonWriter& json, std::string_view key, std::optional<Count> value) {
  json.key(key);
  json.value(value);
}

void write_gpu(JsonWriter& json, const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  json.key("gpu");
  if (!settings.gpu) {
    json.null();
  } else {
    const Accelerator& gpu = *settings.gpu;
    const Accelerator::Peak peak = gpu.peak(deployment.setup().model->activation);
    json.begin_object();
    json.key("id");
    json.string(gpu.id);
    json.key("name");
    json.string(gpu.name);
    write_count(json, "memory_bytes", gpu.memory());
    write_count(json, "usable_bytes", gpu.usable_memory());
    write_count(json, "capacity_bytes", deployment.capacity());
    write_count(json, "bandwidth_bytes_per_s", gpu.bandwidth_bytes_per_s);
    write_count(json, "peak_flops_per_s", peak.flops_per_s);
    json.key("peak_type");
    json.string(peak.type);
    write_count(json, "link_bytes_per_s_per_direction", gpu.link_bytes_per_s);
    json.key("source");
    json.string(gpu.source);
    json.end_object();
  }
  json.key("parallel");
  json.string(settings.parallelism.name());
  write_count(json, "gpus", deployment.devices());
}

void write_phase(JsonWriter& json, std::string_view key, const std::optional<PhaseTime>& time) {
  json.key(key);
  if (!time) return json.null();
  json.begin_object();
  json.key("seconds");
  json.number(time->seconds);
  json.key("compute_seconds");
  json.number(time->compute_seconds);
  json.key("memory_seconds");
  json.number(time->memory_seconds);
  json.key("interconnect_seconds");
  time->interconnect_seconds ? json.number(*time->interconnect_seconds) : json.null();
  json.key("bound");
  json.string(time->bound());
  json.end_object();
}

void write_assumptions(JsonWriter& json, const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  json.key("assumptions");
  json.begin_object();
  json.key("utilization");
  json.number(deployment.utilization().value());
  write_count(json, "overhead_bytes", settings.overhead.value_or(0));
  write_count(json, "kv_memory_bytes", settings.kv_memory);
  json.key("margin");
  json.string(settings.margin.name());
  json.key("mfu");
  json.number(settings.mfu.value());
  json.key("mbu");
  json.number(settings.mbu.value());
  json.end_object();
}

}  // namespace

void write_deployment(JsonWriter& json, const Deployment& deployment, const DeploymentEstimate& estimate,
                      const LargestFit& longest, const RenderOptions& options) {
  json.key("verdict");
  json.string(estimate.verdict());
  json.key("limit");
  estimate.limit.empty() ? json.null() : json.string(estimate.limit);
  json.key("bound");
  bound_of(longest).empty() ? json.null() : json.string(bound_of(longest));
  write_gpu(json, deployment);
  for (const MetricInfo& metric : device_metrics()) {
    json.key(metric.name);
    json.value(estimate[metric.metric]);
  }
  json.key("devices");
  json.begin_array();
  for (const DeviceMemory& device : estimate.devices) {
    json.begin_object();
    write_count(json, "stage", device.stage);
    write_count(json, "count", device.devices);
    write_count(json, "weights_bytes", device.weights);
    write_count(json, "kv_reserved_bytes", device.kv_reserved);
    write_count(json, "activation_bytes", device.activations);
    write_count(json, "overhead_bytes", device.overhead);
    write_count(json, "device_bytes", device.bytes());
    json.end_object();
  }
  json.end_array();
  write_phase(json, "prefill", estimate.prefill);
  write_phase(json, "decode", estimate.decode);
  write_assumptions(json, deployment);
  const Row row{deployment.estimator(), estimate.model, estimate.model};
  const std::vector<std::string> engine_notes = deployment.engine_notes(row.context(), row.batch());
  write_result(json, row, options, &engine_notes);
  json.key("device_notes");
  json.begin_array();
  for (const std::string& note : deployment.notes()) json.string(note);
  if (const std::string note = deployment.margin_note(estimate); !note.empty()) json.string(note);
  if (const std::string note = longest_note(longest); !note.empty()) json.string(note);
  json.end_array();
}

std::string longest_note(const LargestFit& longest) {
  if (longest.unbounded) return "memory binds no context that can be counted";
  if (longest.limit != "engine") return {};
  return "the engine ends at " + with_separators(*longest.value) + " tokens: " + longest.refusal;
}

std::vector<std::string> row_notes(const Deployment& deployment, const DeploymentEstimate& estimate, Count context,
                                   Count batch) {
  std::vector<std::string> notes = deployment.notes();
  if (std::string note = deployment.margin_note(estimate); !note.empty()) notes.push_back(std::move(note));
  for (const std::string& note : deployment.estimator().details(context, batch).notes) notes.push_back(note);
  for (const std::string& note : deployment.engine_notes(context, batch)) notes.push_back(note);
  const std::string window = window_note(*deployment.setup().model, estimate.model, context);
  if (!window.empty()) notes.push_back(window);
  return notes;
}

ListingCell exact_cell(const MetricValue& value) {
  if (const Count* count = std::get_if<Count>(&value)) return *count;
  if (const double* real = std::get_if<double>(&value)) {
    char buffer[64];
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, *real).ptr);
  }
  if (const std::string_view* level = std::get_if<std::string_view>(&value)) return std::string(*level);
  if (const Negative* negative = std::get_if<Negative>(&value)) return "-" + to_string(negative->magnitude);
  return {};
}

}  // namespace ctxcost::cli
