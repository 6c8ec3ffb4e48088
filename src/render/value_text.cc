#include "value_text.h"

#include <cmath>

#include "core/format.h"

namespace ctxcost {
namespace {

std::string unit_text(Unit unit, Count value, UnitSystem units) {
  switch (unit) {
    case Unit::pairs:
    case Unit::parameters: return short_count(value);
    case Unit::macs: return short_work(value, "MACs");
    case Unit::flops: return short_work(value, "FLOPs");
    case Unit::bytes: return short_bytes(value, units);
    case Unit::seconds: return short_seconds(value.to_double());
    default: return with_separators(value);
  }
}

std::string unit_text(Unit unit, double value) {
  switch (unit) {
    case Unit::seconds: return short_seconds(value);
    case Unit::ratio: return format("{:.4g}x", value);
    case Unit::usd: return "$" + short_real(value);
    case Unit::joules: return short_real(value) + " J";
    default: return format("{:.6g}", value);
  }
}

}  // namespace

std::string value_text(Metric metric, const MetricValue& value, UnitSystem units) {
  const Unit unit = info(metric).unit;
  if (const auto* count = std::get_if<Count>(&value)) return unit_text(unit, *count, units);
  if (const auto* real = std::get_if<double>(&value)) return unit_text(unit, *real);
  if (const auto* level = std::get_if<std::string_view>(&value)) return std::string(*level);
  if (const auto* negative = std::get_if<Negative>(&value)) return "-" + unit_text(unit, negative->magnitude, units);
  return "–";
}

std::optional<double> number_of(const MetricValue& value) {
  if (const Count* const count = std::get_if<Count>(&value)) return count->to_double();
  if (const double* const real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

std::string power_text(Metric metric, unsigned base, int power, UnitSystem units) {
  if (info(metric).unit != Unit::ratio && power >= 0) {
    Count value = 1;
    for (int i = 0; i < power; ++i) value *= Count{base};
    return value_text(metric, value, units);
  }
  return value_text(metric, std::pow(static_cast<double>(base), power), units);
}

std::string_view units_text(UnitSystem units) {
  return units == UnitSystem::si ? "SI units, 1 GB = 10^9 bytes" : "IEC units, 1 GiB = 2^30 bytes";
}

std::string counting_text(const Convention& convention, Logits logits, bool all_keys) {
  std::string text = convention.name + " convention: ";
  text += convention.flops_per_mac == 1 ? "1 FLOP" : to_string(convention.flops_per_mac) + " FLOPs";
  text += " per multiply-add, ";
  if (convention.pairs == PairRule::exact) {
    text += "unmasked pairs only";
  } else {
    text += all_keys ? "every query charged all n keys" : "every query charged the most keys any query sees";
  }
  if (logits == Logits::all) text += ", logits of every token";
  return text;
}

std::string_view unit_text(Unit unit) {
  switch (unit) {
    case Unit::tokens: return "tokens";
    case Unit::sequences: return "sequences";
    case Unit::pairs: return "query-key pairs";
    case Unit::macs: return "multiply-adds";
    case Unit::flops: return "FLOPs";
    case Unit::bytes: return "bytes";
    case Unit::parameters: return "parameters";
    case Unit::level:
    case Unit::ratio: return {};
    case Unit::seconds: return "seconds";
    case Unit::rate: return "per second";
    case Unit::devices: return "devices";
    case Unit::usd: return "US dollars";
    case Unit::joules: return "joules";
  }
  return {};
}

TextDocument::Column::About about_metric(Metric metric) {
  const MetricInfo& row = info(metric);
  return {row.name, unit_text(row.unit), row.meaning};
}

}  // namespace ctxcost
