// What it costs to keep a machine running: dollars and joules, and what they are for each token.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/deployment/deployment_estimate.h"
#include "ctxcost/deployment/setup.h"
#include "ctxcost/estimate/metric.h"

namespace ctxcost {

/// The metrics of `set_running_cost`.
inline constexpr MetricSet kRunningCosts = {Metric::usd_per_million_prefill_tokens,
                                            Metric::usd_per_million_decode_tokens, Metric::joules_per_decode_token};

/// What all devices of a machine take together. What is not known is empty.
struct RunningRate {
  std::optional<Fraction> usd_per_hour;  ///< at the price given, else the list price of the catalogue
  std::optional<Fraction> watts;         ///< at the power given, else that of the boards
};

/// Returns the price of one device: as given, else its list price. Empty without a device.
std::optional<Fraction> device_usd_per_hour(const DeploymentSettings& settings);
/// Returns the power of one device: as given, else that of its board. Empty without a device.
std::optional<Fraction> device_power(const DeploymentSettings& settings);

/// Returns the rate of a setup's devices, exactly. The one place that sums over them.
RunningRate running_rate(const Setup& setup);

/// Sets the metrics that the rate and the times in `estimate` tell, for b sequences of n tokens on each replica.
void set_running_cost(const Setup& setup, Count context, Count batch, DeploymentEstimate& estimate);

/// Returns the tokens that all replicas decode in a day at `estimate`'s time of a step, rounded down. Empty without it.
std::optional<Count> decoded_tokens_per_day(const Setup& setup, Count batch, const DeploymentEstimate& estimate);

/// Returns how money and energy are counted, or why they are not. None unless they are asked for.
std::vector<std::string> running_cost_notes(const Setup& setup);

/// Returns what a machine costs in a day.
Fraction of_a_day(const Fraction& usd_per_hour);

/// "2.5", "700": a rate with all its decimals.
std::string rate_text(const Fraction& rate);

}  // namespace ctxcost
