#include "ctxcost/answer/first_budget.h"

#include <cmath>
#include <iterator>
#include <optional>

#include "core/format.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/deployment/solve.h"

namespace ctxcost {
namespace {

struct ByteUnit {
  const char* name;
  Count bytes;
};
constexpr std::uint64_t kKiB = 1024;

const ByteUnit& unit_of(Count bytes) {
  static const ByteUnit kUnits[] = {{"TiB", Count{kKiB} * kKiB * kKiB * kKiB},
                                    {"GiB", Count{kKiB} * kKiB * kKiB},
                                    {"MiB", Count{kKiB} * kKiB},
                                    {"KiB", Count{kKiB}}};
  for (const ByteUnit& unit : kUnits) {
    if (bytes >= unit.bytes) return unit;
  }
  return *std::prev(std::end(kUnits));
}

std::string tenths_text(Count tenths, const ByteUnit& unit) {
  const Count rest = tenths % 10;
  return rest == 0 ? format("{} {}", to_string(tenths / 10), unit.name)
                   : format("{}.{} {}", to_string(tenths / 10), to_string(rest), unit.name);
}

/// The bytes and the slack, in tenths of a unit, rounded up; at most `most`, rounded down, if that holds the bytes.
std::string bytes_text(Count bytes, const std::optional<Count>& most) {
  const Count wanted = bytes * (100 + kFirstLimitSlack);
  const ByteUnit& unit = unit_of(ceil_div(wanted, 100));
  const Count tenths = ceil_div(wanted * 10, unit.bytes * 100);
  if (!most || tenths * unit.bytes <= *most * 10) return tenths_text(tenths, unit);
  const Count below = *most * 10 / unit.bytes;
  return below * unit.bytes >= bytes * 10 ? tenths_text(below, unit) : to_string(*most);
}

/// The seconds and the slack, in three digits, rounded up.
std::string seconds_text(double seconds) {
  const double wanted = seconds * (100 + kFirstLimitSlack) / 100;
  const bool whole = wanted >= 1;
  const double amount = whole ? wanted : wanted * 1000;
  const double step = std::pow(10, std::floor(std::log10(amount)) - 2);
  return format("{:.6g}{}", std::ceil(amount / step) * step, whole ? "s" : "ms");
}

/// The longest context less the slack, but no less than the one asked for.
std::string tokens_text(Count longest, Count context) {
  Count tokens = longest * (100 - kFirstLimitSlack) / 100;
  if (tokens >= kKiB) tokens = tokens / kKiB * kKiB;
  if (tokens < context) tokens = context;
  return length_label(tokens);
}

}  // namespace

std::vector<FirstLimit> first_limits(const Deployment& deployment, Count context, Count batch) {
  const DeploymentEstimate today = deployment.at(context, batch);
  std::vector<FirstLimit> limits;
  const auto limit_bytes = [&](Metric metric, const std::optional<Count>& most = std::nullopt) {
    const std::optional<Count> bytes = today.count(metric);
    if (bytes && *bytes > 0) limits.push_back({metric, LimitSide::max, bytes_text(*bytes, most)});
  };
  const auto limit_seconds = [&](Metric metric) {
    const double* const seconds = std::get_if<double>(&today[metric]);
    if (seconds != nullptr && *seconds > 0) limits.push_back({metric, LimitSide::max, seconds_text(*seconds)});
  };
  const std::optional<Count> capacity = deployment.capacity();
  const bool has_cards = deployment.setup().settings.has_cards();
  if (has_cards) limit_bytes(Metric::device_bytes, capacity);
  limit_bytes(Metric::weights_bytes);
  limit_bytes(Metric::kv_reserved_bytes);
  limit_bytes(Metric::state_bytes);
  limit_seconds(Metric::prefill_seconds);
  limit_seconds(Metric::decode_seconds_per_token);
  if (has_cards || deployment.setup().settings.kv_memory) {
    const LargestFit longest = max_context(deployment, batch);
    if (longest.value && *longest.value >= context) {
      limits.push_back({Metric::max_context, LimitSide::min, tokens_text(*longest.value, context)});
    }
  }
  // Beyond the last level there is none that could be breached.
  const auto* level = std::get_if<std::string_view>(&today[Metric::window_status]);
  if (level != nullptr && *level != *std::rbegin(kWindowLevels)) {
    limits.push_back({Metric::window_status, LimitSide::max, std::string(*level)});
  }
  return limits;
}

}  // namespace ctxcost
