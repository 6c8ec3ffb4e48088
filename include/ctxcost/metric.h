// The metrics: their names in JSON and CSV, the columns of tables and the keys that budgets limit (DESIGN section 4).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "ctxcost/count.h"

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
};
inline constexpr std::size_t kMetricCount = static_cast<std::size_t>(Metric::growth_kv_cache) + 1;

/// What a metric counts: it decides how tables show it and which limits a budget may set.
enum class Unit { tokens, sequences, pairs, macs, flops, bytes, parameters, level, ratio };

struct MetricInfo {
  Metric metric;
  std::string_view name;
  Unit unit;
  std::string_view heading;  ///< of a table column
  std::string_view meaning;  ///< one line for `list metrics`
};

/// All metrics, in the order of the enumeration.
std::span<const MetricInfo> metrics();
inline const MetricInfo& info(Metric metric) { return metrics()[static_cast<std::size_t>(metric)]; }
/// The metric of that name, or empty.
std::optional<Metric> find_metric(std::string_view name);

/// A value: nothing (null in JSON, – in tables), an exact integer, a ratio, or the name of a level.
using MetricValue = std::variant<std::monostate, Count, double, std::string_view>;

}  // namespace ctxcost
