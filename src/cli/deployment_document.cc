#include "deployment_document.h"

#include <algorithm>
#include <charconv>

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

OptionText option_of(const Remedy& remedy, const DeploymentSettings& settings) {
  if (remedy.setting == "beyond_window") return {"--beyond-window", ""};
  if (remedy.setting == "gpus") return {"--gpu", settings.gpu->id + ":" + remedy.value};
  std::string option = "--" + std::string(remedy.setting);
  std::replace(option.begin(), option.end(), '_', '-');
  return {std::move(option), remedy.value};
}

std::string place_text(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.setup().settings;
  std::string text = to_string(deployment.devices());
  text += settings.gpu ? " x " + settings.gpu->id : deployment.devices() == 1 ? " device" : " devices";
  if (deployment.devices() > 1) text += " (" + settings.parallelism.name() + ")";
  return text;
}

void write_fit(JsonWriter& json, const Fit& fit, const RenderOptions& options) {
  const Deployment& deployment = *fit.deployment;
  const DeploymentEstimate& estimate = fit.estimate;
  json.key("verdict");
  json.string(estimate.verdict());
  json.key("limit");
  estimate.limit.empty() ? json.null() : json.string(estimate.limit);
  json.key("bound");
  bound_of(fit).empty() ? json.null() : json.string(bound_of(fit));
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
  const GridPoint row{deployment.estimator(), estimate.model, estimate.model};
  const std::vector<std::string> engine_notes = deployment.engine_notes(row.context(), row.batch());
  write_result(json, row, options, &engine_notes);
  json.key("device_notes");
  json.begin_array();
  for (const std::string& note : device_notes(fit)) json.string(note);
  json.end_array();
  json.key("fixes");
  json.begin_array();
  for (const Remedy& remedy : remedies(fit)) {
    const OptionText way = option_of(remedy, deployment.setup().settings);
    json.begin_object();
    json.key("option");
    json.string(way.option);
    json.key("value");
    json.string(way.value);
    json.end_object();
  }
  json.end_array();
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
