// The metrics. Their names are keys of JSON, CSV and budgets, and their headings are columns of tables.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "ctxcost/core/count.h"
#include "ctxcost/core/units.h"

namespace ctxcost {

enum class Metric {
  context,
  batch,
  scores_per_head,
  scores_per_layer,
  scores,
  attention_macs,
  attention_macs_per_layer,
  attention_flops,
  attention_flops_per_layer,
  linear_flops,
  logits_flops,
  forward_flops,
  decode_flops,
  decode_bytes,
  score_matrix_bytes,
  flash_workspace_bytes,
  kv_cache_bytes,
  kv_bytes_per_token,
  state_bytes,
  kv_reserved_bytes,
  parameters,
  parameters_non_embedding,
  active_parameters,
  active_parameters_without_embedding,
  weights_bytes,
  activation_bytes,
  window_status,
  growth_attention_flops,
  growth_kv_cache,
  // Metrics of devices: only a `DeploymentEstimate` has them.
  device_bytes,
  total_bytes,
  device_kv_bytes,
  host_bytes,
  headroom_bytes,
  kv_capacity_tokens,
  max_concurrency,
  prefill_seconds,
  decode_seconds_per_token,
  decode_tokens_per_second,
  critical_batch,
  kv_equals_weights_context,
  max_context,
  max_context_memory,
  max_batch,
  min_gpus,
  usd_per_million_prefill_tokens,
  usd_per_million_decode_tokens,
  joules_per_decode_token,
};
/// The number of metrics of an `Estimate`. They need no device and come first in the enumeration.
inline constexpr std::size_t kMetricCount = static_cast<std::size_t>(Metric::growth_kv_cache) + 1;
inline constexpr std::size_t kDeviceMetricCount =
    static_cast<std::size_t>(Metric::joules_per_decode_token) + 1 - kMetricCount;
static_assert(kMetricCount + kDeviceMetricCount <= 64, "a MetricSet has one bit for each metric");

/// Some of the metrics of an `Estimate`.
class MetricSet {
 public:
  constexpr MetricSet() = default;
  constexpr MetricSet(std::initializer_list<Metric> metrics) {
    for (const Metric metric : metrics) add(metric);
  }
  static constexpr MetricSet all() {
    MetricSet set;
    set.bits_ = (std::uint64_t{1} << kMetricCount) - 1;
    return set;
  }
  constexpr void add(Metric metric) { bits_ |= std::uint64_t{1} << static_cast<unsigned>(metric); }
  constexpr void remove(Metric metric) { bits_ &= ~(std::uint64_t{1} << static_cast<unsigned>(metric)); }
  constexpr bool has(Metric metric) const { return (bits_ >> static_cast<unsigned>(metric) & 1) != 0; }
  /// Returns whether it has any of the other's.
  constexpr bool has_any(MetricSet other) const { return (bits_ & other.bits_) != 0; }
  friend constexpr bool operator==(MetricSet, MetricSet) = default;

 private:
  std::uint64_t bits_ = 0;
};

/// The values of `window_status`, from best to worst.
inline constexpr std::string_view kWindowLevels[] = {"trained", "scaled", "beyond", "impossible"};

/// The direction in which a metric costs more: up for bytes, down for tokens per second.
enum class Worse { higher, lower, neither };

struct MetricInfo {
  Metric metric;
  std::string_view name;
  Unit unit;
  std::string_view heading;  ///< heading of a table column
  std::string_view meaning;  ///< one line for `list metrics`
  Worse worse = Worse::higher;
};

/// Returns the metrics of an `Estimate`, in the order of the enumeration.
std::span<const MetricInfo> metrics();
/// Returns the metrics that need devices.
std::span<const MetricInfo> device_metrics();
constexpr bool needs_devices(Metric metric) { return static_cast<std::size_t>(metric) >= kMetricCount; }
const MetricInfo& info(Metric metric);
/// Returns the metric of that name, of either kind, or empty.
std::optional<Metric> find_metric(std::string_view name);

/// A negative integer: the missing bytes if headroom is negative.
struct Negative {
  Count magnitude;  ///< above 0
  friend bool operator==(const Negative&, const Negative&) = default;
};

/// The value of a metric: nothing (null in JSON, – in tables), an exact integer, a ratio or time, the name of a level,
/// or a negative integer.
using MetricValue = std::variant<std::monostate, Count, double, std::string_view, Negative>;

}  // namespace ctxcost
