#include "ctxcost/deployment/running_cost.h"

#include "core/format.h"
#include "ctxcost/core/units.h"

namespace ctxcost {
namespace {

constexpr double kSecondsPerHour = 3600;
constexpr double kSecondsPerDay = 86'400;
constexpr double kMillion = 1e6;

std::optional<Fraction> own_usd_per_hour(const Accelerator& gpu) {
  return gpu.price ? std::optional(gpu.price->usd_per_hour) : std::nullopt;
}

std::optional<Fraction> own_watts(const Accelerator& gpu) {
  return gpu.tdp_watts ? std::optional(Fraction{*gpu.tdp_watts, 1}) : std::nullopt;
}

/// Denominators are powers of ten: the larger one holds both.
Fraction sum_of(const Fraction& a, const Fraction& b) {
  const Count denominator = max(a.denominator, b.denominator);
  return {a.numerator * (denominator / a.denominator) + b.numerator * (denominator / b.denominator), denominator};
}

/// The sum over all devices of what is given for each, else of what their cards have. Empty where one has nothing.
std::optional<Fraction> of_all_devices(const DeploymentSettings& settings, const std::optional<Fraction>& given,
                                       std::optional<Fraction> (*own)(const Accelerator& gpu)) {
  Fraction sum{0, 1};
  const auto add = [&](const Accelerator& gpu, Count devices) {
    const std::optional<Fraction> one = given ? given : own(gpu);
    if (one) sum = sum_of(sum, {one->numerator * devices, one->denominator});
    return one.has_value();
  };
  if (settings.gpu) {
    if (!add(*settings.gpu, settings.parallelism.devices())) return std::nullopt;
    return sum;
  }
  if (!settings.machine) return std::nullopt;
  for (const CardGroup& group : settings.machine->groups) {
    if (!add(group.gpu, group.count)) return std::nullopt;
  }
  return sum;
}

/// Sequences of all replicas together: the batch is per replica.
Count sequences_of(const Setup& setup, Count batch) {
  const Count further = setup.settings.requests.one_more ? 1 : 0;
  return setup.settings.parallelism.data * (batch + further);
}

/// Tokens of their contexts, a shared prefix in each.
Count tokens_of(const Setup& setup, Count context, Count batch) {
  const RequestMix& requests = setup.settings.requests;
  return setup.settings.parallelism.data * (requests.alike() ? batch * context : requests.of(batch, context).tokens());
}

std::string price_note(const Setup& setup) {
  const DeploymentSettings& settings = setup.settings;
  if (!running_rate(setup).usd_per_hour) {
    return format("no list price of {} is known: money needs its price for an hour (price)", settings.cards_name());
  }
  constexpr std::string_view kAlone = "; devices alone, all of them at work without a pause";
  if (settings.rates.usd_per_hour) {
    return format("money: {} USD for a device-hour, as given{}", rate_text(*settings.rates.usd_per_hour), kAlone);
  }
  std::string text = "money: ";
  for (const Accelerator* gpu : settings.kinds()) {
    if (text.size() > 7) text += "; ";
    if (settings.machine) text += format("{} ", gpu->id);
    text += format("{} USD for a device-hour, the list price of {} at {}", rate_text(gpu->price->usd_per_hour),
                   gpu->price->date, gpu->price->source);
  }
  text += kAlone;
  return text;
}

std::string power_note(const Setup& setup) {
  const DeploymentSettings& settings = setup.settings;
  const std::optional<Fraction> all = running_rate(setup).watts;
  if (!all) return format("the board power of {} is not in the catalogue: no energy (power)", settings.cards_name());
  if (settings.rates.watts) return format("energy: {} W a device, as given", rate_text(*settings.rates.watts));
  if (settings.machine) return format("energy: {} W of all devices, the power of their boards", rate_text(*all));
  return format("energy: {} W a device, the power of its board", rate_text(*own_watts(*settings.gpu)));
}

}  // namespace

Fraction of_a_day(const Fraction& usd_per_hour) { return {usd_per_hour.numerator * 24, usd_per_hour.denominator}; }

std::string rate_text(const Fraction& rate) {
  std::string text = to_string(rate.numerator / rate.denominator);
  Count rest = rate.numerator % rate.denominator;
  if (rest > 0) text += '.';
  // The denominators are powers of ten.
  for (Count place = rate.denominator / 10; rest > 0 && place > 0; place = place / 10) {
    text += to_string(rest / place);
    rest = rest % place;
  }
  return text;
}

std::optional<Fraction> device_usd_per_hour(const DeploymentSettings& settings) {
  if (settings.rates.usd_per_hour || !settings.gpu || !settings.gpu->price) return settings.rates.usd_per_hour;
  return settings.gpu->price->usd_per_hour;
}

std::optional<Fraction> device_power(const DeploymentSettings& settings) {
  if (settings.rates.watts || !settings.gpu || !settings.gpu->tdp_watts) return settings.rates.watts;
  return Fraction{*settings.gpu->tdp_watts, 1};
}

RunningRate running_rate(const Setup& setup) {
  const DeploymentSettings& settings = setup.settings;
  return {of_all_devices(settings, settings.rates.usd_per_hour, own_usd_per_hour),
          of_all_devices(settings, settings.rates.watts, own_watts)};
}

void set_running_cost(const Setup& setup, Count context, Count batch, DeploymentEstimate& estimate) {
  const RunningRate rate = running_rate(setup);
  const Count sequences = sequences_of(setup, batch);
  if (rate.usd_per_hour) {
    const double usd_per_second = rate.usd_per_hour->value() / kSecondsPerHour;
    if (estimate.prefill && context > 0) {
      estimate[Metric::usd_per_million_prefill_tokens] =
          usd_per_second * estimate.prefill->seconds / tokens_of(setup, context, batch).to_double() * kMillion;
    }
    if (estimate.decode) {
      estimate[Metric::usd_per_million_decode_tokens] =
          usd_per_second * estimate.decode->seconds / sequences.to_double() * kMillion;
    }
  }
  if (rate.watts && estimate.decode) {
    estimate[Metric::joules_per_decode_token] = rate.watts->value() * estimate.decode->seconds / sequences.to_double();
  }
}

std::optional<Count> decoded_tokens_per_day(const Setup& setup, Count batch, const DeploymentEstimate& estimate) {
  constexpr double kMostCounted = 1e18;
  if (!estimate.decode || !(estimate.decode->seconds > 0)) return std::nullopt;
  const double tokens = sequences_of(setup, batch).to_double() * kSecondsPerDay / estimate.decode->seconds;
  if (!(tokens < kMostCounted)) return std::nullopt;
  return Count{static_cast<std::uint64_t>(tokens)};
}

std::vector<std::string> running_cost_notes(const Setup& setup) {
  const DeploymentSettings& settings = setup.settings;
  const DeviceRates& rates = settings.rates;
  if (!settings.has_cards() || !rates.asked()) return {};
  const RunningRate rate = running_rate(setup);
  std::vector<std::string> notes;
  if (rates.price_asked || rate.usd_per_hour) notes.push_back(price_note(setup));
  if (rates.power_asked || rate.watts) notes.push_back(power_note(setup));
  return notes;
}

}  // namespace ctxcost
