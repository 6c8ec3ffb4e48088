#include "report_figures.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/format.h"
#include "deployment_fields.h"
#include "value_text.h"

namespace ctxcost {
namespace {

constexpr MetricValue kNothing;

const MetricValue& metric_of(const ReportPoint& point, Metric metric) {
  if (needs_devices(metric)) return point.on_devices ? (*point.on_devices)[metric] : kNothing;
  return point.values ? (*point.values)[metric] : kNothing;
}

FigureText figure_text(Metric metric, const MetricValue& value, UnitSystem units) {
  FigureText text{value_text(metric, value, units), {}};
  if (const Count* const count = std::get_if<Count>(&value)) text.exact = with_separators(*count);
  if (const double* const real = std::get_if<double>(&value)) text.exact = format("{}", *real);
  if (const Negative* const less = std::get_if<Negative>(&value)) text.exact = "-" + with_separators(less->magnitude);
  return text;
}

template <Metric metric>
constexpr ReportFigure figure_of(std::string_view heading = {}) {
  return {
      {},
      heading,
      {},
      needs_devices(metric),
      [](const ReportPoint& point) { return number_of(metric_of(point, metric)); },
      [](const ReportPoint& point, UnitSystem units) { return figure_text(metric, metric_of(point, metric), units); },
      metric};
}

MetricValue value_or_nothing(const std::optional<Count>& count) { return count ? MetricValue(*count) : kNothing; }

const DeviceMemory* fullest_of(const ReportPoint& point) {
  return point.on_devices ? &point.on_devices->devices[point.on_devices->largest] : nullptr;
}

template <typename Get>
constexpr ReportFigure bytes_of(std::string_view name, std::string_view heading, std::string_view meaning, Get,
                                bool of_devices = true) {
  return {name,
          heading,
          meaning,
          of_devices,
          [](const ReportPoint& point) { return number_of(value_or_nothing(Get{}(point))); },
          [](const ReportPoint& point, UnitSystem units) {
            return figure_text(Metric::kv_cache_bytes, value_or_nothing(Get{}(point)), units);
          },
          Metric::kv_cache_bytes};
}

template <typename Get>
constexpr ReportFigure words_of(std::string_view name, std::string_view heading, std::string_view meaning,
                                bool of_devices, Get) {
  return {name,
          heading,
          meaning,
          of_devices,
          [](const ReportPoint&) { return std::optional<double>(); },
          [](const ReportPoint& point, UnitSystem) {
            return FigureText{Get{}(point), {}};
          }};
}

constexpr ReportFigure kReportFigures[] = {
    figure_of<Metric::scores_per_head>(),
    figure_of<Metric::attention_flops_per_layer>(),
    figure_of<Metric::attention_flops>(),
    figure_of<Metric::kv_cache_bytes>(),
    figure_of<Metric::kv_bytes_per_token>(),
    figure_of<Metric::state_bytes>(),
    figure_of<Metric::parameters>(),
    figure_of<Metric::active_parameters>(),
    figure_of<Metric::weights_bytes>(),
    figure_of<Metric::window_status>(),
    bytes_of(
        "memory_bytes", "Weights + KV + state", "weights, live KV cache and state of the whole model",
        [](const ReportPoint& point) { return point.memory; }, false),
    words_of("weights", "Weights", "the type of the weights", false,
             [](const ReportPoint& point) { return point.weights; }),
    words_of("kv_precision", "KV type", "the type of the KV cache", false,
             [](const ReportPoint& point) { return point.kv; }),
    words_of("refusal", "Without an answer", "why figures are missing", false,
             [](const ReportPoint& point) { return point.refusal; }),
    words_of("verdict", "Verdict", "whether it fits", true,
             [](const ReportPoint& point) {
               return std::string(point.on_devices ? point.on_devices->verdict() : "no answer");
             }),
    words_of("limit", "Limit", "what does not fit", true,
             [](const ReportPoint& point) {
               return point.on_devices ? limit_text(point.on_devices->limit) : std::string();
             }),
    figure_of<Metric::device_bytes>(),
    figure_of<Metric::headroom_bytes>(),
    figure_of<Metric::prefill_seconds>(),
    figure_of<Metric::decode_seconds_per_token>(),
    figure_of<Metric::decode_tokens_per_second>(),
    figure_of<Metric::max_context>(),
    figure_of<Metric::max_batch>(),
    bytes_of("device_weights_bytes", "Weights", "of the fullest device",
             [](const ReportPoint& point) {
               const DeviceMemory* const device = fullest_of(point);
               return device == nullptr ? std::nullopt : device->weights;
             }),
    bytes_of("device_kv_reserved_bytes", "KV cache", "reserved on the fullest device",
             [](const ReportPoint& point) {
               const DeviceMemory* const device = fullest_of(point);
               return device == nullptr ? std::nullopt : device->kv_reserved;
             }),
    bytes_of("device_activation_bytes", "Activations", "of the largest step on the fullest device",
             [](const ReportPoint& point) {
               const DeviceMemory* const device = fullest_of(point);
               return device == nullptr ? std::nullopt : device->activations;
             }),
    bytes_of("device_overhead_bytes", "Overhead", "what the runtime takes besides",
             [](const ReportPoint& point) {
               const DeviceMemory* const device = fullest_of(point);
               return device == nullptr ? std::nullopt : std::optional(device->overhead);
             }),
    // The last ones: see `kCostFigures`.
    figure_of<Metric::usd_per_million_prefill_tokens>(),
    figure_of<Metric::usd_per_million_decode_tokens>(),
    figure_of<Metric::joules_per_decode_token>(),
};

/// Rows of a metric have its name, heading and meaning.
constexpr bool is_metric(const ReportFigure& figure) { return figure.name.empty(); }

}  // namespace

std::span<const ReportFigure> report_figures() {
  static const auto kAll = [] {
    std::array<ReportFigure, std::size(kReportFigures)> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = kReportFigures[i];
      if (!is_metric(all[i])) continue;
      const MetricInfo& metric = info(all[i].unit);
      all[i].name = metric.name;
      all[i].meaning = metric.meaning;
      if (all[i].heading.empty()) all[i].heading = metric.heading;
    }
    return all;
  }();
  return kAll;
}

std::size_t report_figure(std::string_view name) {
  const std::span<const ReportFigure> all = report_figures();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name == name) return i;
  }
  throw std::logic_error("no figure of a report: " + std::string(name));
}

std::size_t device_kinds(const ReportSeries& series) {
  std::size_t most = 0;
  for (const ReportPoint& point : series.points) {
    if (point.on_devices) most = std::max(most, point.on_devices->devices.size());
  }
  return most;
}

FigureText device_text(const ReportPoint& point, std::size_t kind, DevicePart part, UnitSystem units) {
  const auto bytes = [units](const MetricValue& value) { return figure_text(Metric::kv_cache_bytes, value, units); };
  if (!point.on_devices || kind >= point.on_devices->devices.size()) return {"–", {}};
  const DeviceMemory& device = point.on_devices->devices[kind];
  switch (part) {
    case DevicePart::name:
      if (device.card) {
        return {format("stage {}, {} x {}", to_string(device.stage), to_string(device.devices), device.card->gpu.id),
                {}};
      }
      return {format("stage {}, {} {}", to_string(device.stage), to_string(device.devices),
                     device.devices == 1 ? "device" : "devices"),
              {}};
    case DevicePart::weights: return bytes(value_or_nothing(device.weights));
    case DevicePart::kv_reserved: return bytes(value_or_nothing(device.kv_reserved));
    case DevicePart::activations: return bytes(value_or_nothing(device.activations));
    case DevicePart::overhead: return bytes(device.overhead);
    case DevicePart::free: break;
  }
  const std::optional<Count> used = device.bytes();
  const std::optional<Count>& capacity = device.capacity;
  if (!used || !capacity) return bytes(kNothing);
  if (*used > *capacity) return bytes(Negative{*used - *capacity});
  return bytes(*capacity - *used);
}

}  // namespace ctxcost
