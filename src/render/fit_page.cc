// The page of `fit`.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/format.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/running_cost.h"
#include "deployment_fields.h"
#include "fit_document.h"
#include "option_text.h"
#include "plot.h"
#include "value_text.h"

namespace ctxcost {
namespace {

std::string percent(Count part, Count whole) {
  if (whole == 0) return "–";
  const Count tenths = (part * 2000 + whole) / (2 * whole);
  return format("{}.{}%", to_string(tenths / 10), to_string(tenths % 10));
}

std::string signed_bytes(const MetricValue& value, UnitSystem units) {
  if (const Negative* missing = std::get_if<Negative>(&value)) return "-" + short_bytes(missing->magnitude, units);
  if (const Count* bytes = std::get_if<Count>(&value)) return short_bytes(*bytes, units);
  return "–";
}

std::string real_text(const MetricValue& value, std::string (*shown)(double)) {
  const double* real = std::get_if<double>(&value);
  return real == nullptr ? "–" : shown(*real);
}

std::string to_decimals(double value, int decimals) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals).ptr;
  return {buffer, end};
}
std::string one_decimal(double value) { return to_decimals(value, 1); }
/// As vLLM prints "Maximum concurrency".
std::string two_decimals(double value) { return to_decimals(value, 2); }

/// The remedy for a context that only the window bounds.
std::string memory_allows(const Fit& fit) {
  const auto& tokens = fit.longest_in_memory.value;
  if (!tokens) return "memory alone would allow any context";
  return format("memory alone would allow {} tokens", with_separators(*tokens));
}

std::string padded(std::string text, std::size_t width) {
  text.insert(0, text.size() < width ? width - text.size() : 0, ' ');
  return text;
}

/// "  weights          14.96 GiB"; without bytes, "unknown".
std::string part_line(std::string_view name, const std::optional<Count>& bytes, UnitSystem units) {
  std::string line(name);
  line.resize(std::max<std::size_t>(line.size(), 20), ' ');
  return line + padded(bytes ? short_bytes(*bytes, units) : "unknown", 12);
}

/// A device, part by part. The cache has a line for each of its parts, as engines log them: keys, values, states.
void write_parts(const DeviceMemory& device, UnitSystem units, TextDocument& page) {
  constexpr Count kBar = 40;
  const Count scale = device.capacity.value_or(device.bytes().value_or(1));
  const char* const working = device.has_compute_buffer ? "compute buffer" : "activations";
  const std::pair<const char*, std::optional<Count>> parts[] = {{"weights", device.weights},
                                                                {"adapters", device.adapters},
                                                                {"KV cache", device.kv_reserved},
                                                                {working, device.activations},
                                                                {"overhead", device.overhead}};
  for (const auto& [name, bytes] : parts) {
    if (bytes == Count{}) continue;
    std::string line = part_line(format("  {}", name), bytes, units);
    if (bytes) {
      line += padded(percent(*bytes, scale), 8) + "  ";
      // Rounded up, so that no part is invisible; a part beyond the capacity ends in a mark.
      const Count length = ceil_div(*bytes * kBar, max(1, scale));
      line.append(static_cast<std::size_t>(min(length, kBar).u64()), '#');
      if (length > kBar) line += '>';
    }
    page.line(line);
    if (std::string_view(name) != "KV cache") continue;
    for (const ReservedPart& part : device.kv_parts)
      page.line(part_line(format("    {}", part.name), part.bytes, units));
  }
}

/// What the cells of a bar stand for, in ASCII and beyond: told apart without colour.
struct BarMarks {
  std::string_view parts[5];
  std::string_view free;
  std::string_view capacity;
};
constexpr BarMarks kBarMarks[] = {{{"#", "@", "=", "+", "%"}, ".", "!"}, {{"█", "▚", "▓", "▒", "░"}, "·", "┃"}};
/// The width of a bar where the page has none.
constexpr std::size_t kBarWidth = 80;

/// The parts of a device in the order of its bar.
struct BarPart {
  std::string_view name;
  std::optional<Count> bytes;
};
std::array<BarPart, 5> bar_parts(const DeviceMemory& device) {
  return {{{"weights", device.weights},
           {"adapters", device.adapters},
           {"KV cache", device.kv_reserved},
           {device.has_compute_buffer ? "compute buffer" : "activations", device.activations},
           {"overhead", device.overhead}}};
}

/// Draws a device as one bar: its parts, then what is free, or, where they are more than it has, its capacity among
/// them. Says which parts are unknown in place of a bar.
void draw_memory(const DeviceMemory& device, TextDocument& page) {
  std::vector<Count> parts;
  std::string unknown;
  for (const BarPart& part : bar_parts(device)) {
    if (!part.bytes) unknown.append(unknown.empty() ? "" : ", ").append(part.name);
    parts.push_back(part.bytes.value_or(0));
  }
  if (!unknown.empty()) return page.line("not drawn, as these are unknown: " + unknown);
  const Count used = *device.bytes();
  const Count capacity = device.capacity.value_or(used);
  const Count whole = max(max(used, capacity), 1);
  const bool is_over = used > capacity;
  const PageSettings& settings = page.settings();
  const BarMarks& marks = kBarMarks[settings.unicode];
  // Between the ends of the bar.
  const std::size_t cells = (settings.width == 0 ? kBarWidth : settings.width) - 2 - std::size_t{is_over};
  std::string bar = "|";
  const std::vector<std::size_t> widths = bar_cells(parts, whole, cells);
  const std::size_t limit = is_over ? bar_cells(std::array{capacity}, whole, cells).front() : cells;
  std::size_t at = 0;
  const auto append = [&](std::string_view mark, std::size_t end) {
    for (; at < end; ++at) {
      if (is_over && at == limit) bar += marks.capacity;
      bar += mark;
    }
  };
  for (std::size_t i = 0; i < widths.size(); ++i) append(marks.parts[i], at + widths[i]);
  append(marks.free, cells);
  if (is_over && limit == cells) bar += marks.capacity;
  bar += '|';
  page.drawing(std::array{std::move(bar)});
}

/// Draws a device, and what each of its parts is. The cache has a line for each of its parts.
void write_bar(const DeviceMemory& device, UnitSystem units, TextDocument& page) {
  draw_memory(device, page);
  const BarMarks& marks = kBarMarks[page.settings().unicode];
  const Count scale = device.capacity.value_or(device.bytes().value_or(1));
  const auto row = [&](std::string_view mark, std::string_view name, const std::optional<Count>& bytes) {
    page.line(format("  {} {}{}", mark, part_line(name, bytes, units), bytes ? padded(percent(*bytes, scale), 8) : ""));
  };
  const std::array<BarPart, 5> parts = bar_parts(device);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].bytes == Count{}) continue;
    row(marks.parts[i], parts[i].name, parts[i].bytes);
    if (parts[i].name != "KV cache") continue;
    for (const ReservedPart& part : device.kv_parts) {
      page.line(format("    {}", part_line(format("  {}", part.name), part.bytes, units)));
    }
  }
  const std::optional<Count> used = device.bytes();
  if (!used || !device.capacity) return;
  if (*used <= *device.capacity) return row(marks.free, "free", *device.capacity - *used);
  row(marks.capacity, "capacity", device.capacity);
}

/// "  stage 0, 2 x rtx-3090-24gb: 13.20 GiB of 24.00 GiB, 10.80 GiB free"
std::string card_line(const DeviceMemory& device, UnitSystem units) {
  std::string line =
      format("  stage {}, {} x {}", to_string(device.stage), to_string(device.devices), device.card->gpu.id);
  const std::optional<Count> used = device.bytes();
  if (!used || !device.capacity) return line;
  const bool is_over = *used > *device.capacity;
  const Count rest = is_over ? *used - *device.capacity : *device.capacity - *used;
  return line + format(": {} of {}, {} {}", short_bytes(*used, units), short_bytes(*device.capacity, units),
                       short_bytes(rest, units), is_over ? "missing" : "free");
}

/// What stays in host memory, part by part.
void write_host(const DeploymentEstimate& estimate, UnitSystem units, TextDocument& page) {
  const std::optional<HostMemory>& host = estimate.host;
  if (!host || host->bytes() == Count{}) return;
  const auto shown = [&](const std::optional<Count>& bytes) { return bytes ? short_bytes(*bytes, units) : "unknown"; };
  page.line(format("in host memory: {} (weights {}, KV cache {})", shown(host->bytes()), shown(host->weights),
                   shown(host->kv_reserved)));
}

void write_phase(std::string_view name, const std::optional<PhaseTime>& time, bool measured, std::string_view rate,
                 TextDocument& page) {
  if (!time) return;
  std::string line =
      format("{}{}{}{}, {}-bound (compute {}, memory {}", name, measured ? "" : "bound ", short_seconds(time->seconds),
             rate, time->bound(), short_seconds(time->compute_seconds), short_seconds(time->memory_seconds));
  if (time->host_seconds && *time->host_seconds > 0) line += "; host memory " + short_seconds(*time->host_seconds);
  if (time->interconnect_seconds && *time->interconnect_seconds > 0) {
    line += ", interconnect " + short_seconds(*time->interconnect_seconds);
  }
  page.line(line + ")");
}

/// Writes the binding limit and the distance to it.
void write_bounds(const Fit& fit, TextDocument& page) {
  const DeploymentEstimate& estimate = fit.estimate;
  const LargestFit& longest = fit.longest_context;
  if (!estimate.fits) {
    page.line("binds first: " + limit_text(estimate));
  } else if (has_lengths(fit)) {
    page.line(fit.largest_batch.value
                  ? format("binds first as users are added: {}, above {} users", limit_text(fit.largest_batch.limit),
                           with_separators(*fit.largest_batch.value))
                  : std::string("binds first as users are added: nothing"));
  } else if (longest.value) {
    page.line(format("binds first as the context grows: {}, above {} tokens", limit_text(longest.limit),
                     with_separators(*longest.value)));
  } else {
    page.line("binds first as the context grows: nothing");
  }
  if (longest.limit == "window") page.line(memory_allows(fit));
  if (const auto batch = estimate.count(Metric::max_batch)) {
    page.line(format("{}: {}", has_lengths(fit) ? "most users at these lengths" : "largest batch at this context",
                     with_separators(*batch)));
  }
  if (const auto tokens = estimate.count(Metric::kv_capacity_tokens)) {
    page.line(format("KV capacity: {} tokens, {} sequences of this length", with_separators(*tokens),
                     real_text(estimate[Metric::max_concurrency], two_decimals)));
  }
}

void write_times(const Fit& fit, TextDocument& page) {
  const DeploymentEstimate& estimate = fit.estimate;
  const bool has_measures = is_measured(fit.asked.setup.settings);
  write_phase("prefill: ", estimate.prefill, has_measures, "", page);
  const std::string rate =
      format(" a token, {} tokens/s", real_text(estimate[Metric::decode_tokens_per_second], one_decimal));
  write_phase("decode:  ", estimate.decode, has_measures, rate, page);
  if (const auto batch = estimate.count(Metric::critical_batch)) {
    page.line(format("decode becomes compute-bound at batch {}, without attention", with_separators(*batch)));
  }
  if (const auto context = estimate.count(Metric::kv_equals_weights_context)) {
    page.line(format("decode reads as many bytes of cache as of weights at {} tokens", with_separators(*context)));
  }
}

/// What tokens cost in money and energy, where that is asked for.
void write_running_cost(const Fit& fit, TextDocument& page) {
  const Setup& setup = fit.asked.setup;
  if (!setup.settings.rates.asked()) return;
  const DeploymentEstimate& estimate = fit.estimate;
  const RunningRate rate = running_rate(setup);
  const bool has_measures = is_measured(setup.settings);
  const auto shown = [&](Metric metric) { return real_text(estimate[metric], short_real); };
  if (rate.usd_per_hour && (estimate.prefill || estimate.decode)) {
    page.line(format("cost per million tokens: {}{} USD prefill, {} USD decode ({} USD an hour)",
                     has_measures ? "" : "at least ", shown(Metric::usd_per_million_prefill_tokens),
                     shown(Metric::usd_per_million_decode_tokens), rate_text(*rate.usd_per_hour)));
  }
  if (const std::optional<Count> tokens = decoded_tokens_per_day(setup, fit.batch, estimate)) {
    page.line(format("tokens a day: {}{} decoded{}", has_measures ? "" : "at most ", with_separators(*tokens),
                     rate.usd_per_hour ? format(", for {} USD", rate_text(of_a_day(*rate.usd_per_hour))) : ""));
  }
  if (rate.watts && estimate.decode) {
    page.line(format("energy: {} J a decoded token, at {} W", shown(Metric::joules_per_decode_token),
                     rate_text(*rate.watts)));
  }
}

/// What the store keeps, and whether to load from it.
void write_kv_host(const Fit& fit, UnitSystem units, TextDocument& page) {
  if (!fit.kv_host) return;
  const KvHost& host = *fit.kv_host;
  if (!host.tokens || !host.contexts) return;
  page.line(format("KV on the host: {} keep {} tokens, {} contexts of this length ({} each)",
                   short_bytes(host.store.bytes, units), with_separators(*host.tokens), with_separators(*host.contexts),
                   short_bytes(*host.context_bytes, units)));
  if (!host.load_seconds) return;
  std::string line = format("a context back: {} to load at {}/s", short_seconds(*host.load_seconds),
                            short_bytes(*host.store.bandwidth, UnitSystem::si));
  if (host.prefill_seconds) line += format(", {} to prefill again", short_seconds(*host.prefill_seconds));
  if (host.loading_wins_from) {
    line += format("; loading wins from {} token{}", with_separators(*host.loading_wins_from),
                   *host.loading_wins_from == 1 ? "" : "s");
  }
  page.line(line);
}

void write_peaks(const Deployment& deployment, TextDocument& page) {
  if (const std::string peaks = peaks_text(deployment); !peaks.empty()) page.line(peaks);
}

/// A column of the table of alternatives.
struct AlternativeColumn {
  std::string_view heading;
  bool always;  ///< shown even if all alternatives have the same value
  Value (*value)(const Fit& fit, UnitSystem units);
  std::optional<Metric> metric = std::nullopt;  ///< what --explain-columns says of it
  std::string_view name = {};                   ///< the same of a column that is no metric
  std::string_view meaning = {};
  unsigned rank = 0;
  bool (*shown)(const std::vector<Fit>& fits) = nullptr;  ///< null: wherever values differ
};

template <Metric metric>
Value bytes_value(const Fit& fit, UnitSystem units) {
  return signed_bytes(fit.estimate[metric], units);
}
template <Metric metric>
Value seconds_value(const Fit& fit, UnitSystem) {
  return real_text(fit.estimate[metric], short_seconds);
}
template <Metric metric>
Value plain_value(const Fit& fit, UnitSystem) {
  return to_value(fit.estimate[metric]);
}

template <Metric metric>
Value money_value(const Fit& fit, UnitSystem) {
  return real_text(fit.estimate[metric], short_real);
}

bool any_rates_asked(const std::vector<Fit>& fits) {
  return std::any_of(fits.begin(), fits.end(), [](const Fit& fit) { return fit.asked.setup.settings.rates.asked(); });
}

constexpr AlternativeColumn kColumns[] = {
    {.heading = "Verdict",
     .always = true,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.estimate.verdict(); },
     .name = "verdict",
     .meaning = "whether it fits"},
    {.heading = "Model",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.asked.setup.model->name; },
     .name = "model",
     .meaning = "the model"},
    {.heading = "Weights",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.deployment->estimator().weights().name(); },
     .name = "weights",
     .meaning = "types of the weights"},
    {.heading = "KV",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.deployment->estimator().kv().name(); },
     .name = "kv_precision",
     .meaning = "types of the KV cache"},
    {.heading = "Engine",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.asked.setup.engine.name; },
     .name = "engine",
     .meaning = "what runs the model, and reserves its memory"},
    {.heading = "GPU",
     .always = true,
     .value = [](const Fit& fit, UnitSystem) { return cards_value(fit.asked.setup.settings); },
     .name = "gpu",
     .meaning = "the device"},
    {.heading = "Devices",
     .always = true,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.deployment->devices(); },
     .name = "gpus",
     .meaning = "the number of devices"},
    {.heading = "Split",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.asked.setup.settings.parallelism.name(); },
     .name = "parallel",
     .meaning = "the degrees of parallelism"},
    {.heading = "Batch",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.batch; },
     .metric = Metric::batch},
    {.heading = "Context",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value { return fit.context; },
     .metric = Metric::context},
    {.heading = "Window",
     .always = true,
     .value = plain_value<Metric::window_status>,
     .metric = Metric::window_status,
     .rank = 2},
    {.heading = "Per Device",
     .always = true,
     .value = bytes_value<Metric::device_bytes>,
     .metric = Metric::device_bytes},
    {.heading = "KV Cache",
     .always = true,
     .value = bytes_value<Metric::device_kv_bytes>,
     .metric = Metric::device_kv_bytes,
     .rank = 2},
    {.heading = "Host",
     .always = false,
     .value = bytes_value<Metric::host_bytes>,
     .metric = Metric::host_bytes,
     .rank = 2},
    {.heading = "Headroom",
     .always = true,
     .value = bytes_value<Metric::headroom_bytes>,
     .metric = Metric::headroom_bytes},
    {.heading = "Max Context",
     .always = true,
     .value = plain_value<Metric::max_context>,
     .metric = Metric::max_context},
    {.heading = "Prefill",
     .always = true,
     .value = seconds_value<Metric::prefill_seconds>,
     .metric = Metric::prefill_seconds,
     .rank = 1},
    {.heading = "Decode/token",
     .always = true,
     .value = seconds_value<Metric::decode_seconds_per_token>,
     .metric = Metric::decode_seconds_per_token,
     .rank = 1},
    {.heading = "$/hour",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value {
       const std::optional<Fraction> usd = running_rate(fit.asked.setup).usd_per_hour;
       return usd ? rate_text(*usd) : "–";
     },
     .name = "usd_per_hour",
     .meaning = "price of all devices for an hour",
     .rank = 1,
     .shown = any_rates_asked},
    {.heading = "$/M prefill",
     .always = false,
     .value = money_value<Metric::usd_per_million_prefill_tokens>,
     .metric = Metric::usd_per_million_prefill_tokens,
     .rank = 1,
     .shown = any_rates_asked},
    {.heading = "$/M decode",
     .always = false,
     .value = money_value<Metric::usd_per_million_decode_tokens>,
     .metric = Metric::usd_per_million_decode_tokens,
     .shown = any_rates_asked},
    {.heading = "Tokens/day",
     .always = false,
     .value = [](const Fit& fit, UnitSystem) -> Value {
       return to_value(decoded_tokens_per_day(fit.asked.setup, fit.batch, fit.estimate));
     },
     .name = "decoded_tokens_per_day",
     .meaning = "tokens that are decoded in a day at most",
     .shown = any_rates_asked},
    {.heading = "J/token",
     .always = false,
     .value = money_value<Metric::joules_per_decode_token>,
     .metric = Metric::joules_per_decode_token,
     .rank = 1,
     .shown = any_rates_asked},
};

}  // namespace

std::string verdict_line(const Fit& fit, UnitSystem units) {
  const DeploymentEstimate& estimate = fit.estimate;
  const Model& model = *fit.asked.setup.model;
  std::string text =
      format("{}: {}, {} on {}: ", estimate.verdict(), model.name,
             requests_text(fit.asked.setup.settings.requests, fit.context, fit.batch), place_text(*fit.deployment));
  if (estimate.limit == "positions") {
    return text + format("positions end at {} tokens", with_separators(*model.positions.hard_limit));
  }
  if (estimate.limit == "window") {
    text += format("the model's window ends at {} tokens; ", with_separators(*fit.deployment->window()));
  }
  // Where cards differ, of the device with least headroom.
  const DeviceMemory& device = estimate.devices[estimate.largest];
  const auto bytes = estimate.count(Metric::device_bytes) ? device.bytes() : std::nullopt;
  const bool has_capacity = bytes && estimate.capacity;
  if (has_capacity) {
    const MetricValue& headroom = estimate[Metric::headroom_bytes];
    const Negative* missing = std::get_if<Negative>(&headroom);
    text += format("{} of {} {} ({}), {}", short_bytes(*bytes, units), short_bytes(*estimate.capacity, units),
                   device.card == nullptr ? std::string("a device") : "on " + device.card->gpu.id,
                   percent(*bytes, *estimate.capacity),
                   missing == nullptr ? short_bytes(std::get<Count>(headroom), units) + " free"
                                      : short_bytes(missing->magnitude, units) + " missing");
  }
  if (const auto& memory = fit.asked.setup.settings.kv_memory) {
    const Count cache = estimate.count(Metric::device_kv_bytes).value_or(0);
    text += format("{}{} of {} for the cache", has_capacity ? "; " : "", short_bytes(cache, units),
                   short_bytes(*memory, units));
  }
  return text;
}

void write_fit(const Fit& fit, const RenderOptions& options, TextDocument& page) {
  const DeploymentEstimate& estimate = fit.estimate;
  page.line(verdict_line(fit, options.units), Accent::strong);
  if (options.quiet) return;
  page.blank();
  const auto write_device = options.plot ? write_bar : write_parts;
  if (fit.asked.setup.settings.machine) {
    for (const DeviceMemory& device : estimate.devices) {
      page.line(card_line(device, options.units));
      write_device(device, options.units, page);
    }
  } else {
    write_device(estimate.devices[estimate.largest], options.units, page);
    for (const DeviceMemory& device : estimate.devices) {
      if (!options.verbose) break;
      page.line(format("  stage {}, {} alike:", to_string(device.stage), to_string(device.devices)));
      write_device(device, options.units, page);
    }
  }
  write_host(estimate, options.units, page);
  page.blank();
  write_bounds(fit, page);
  write_times(fit, page);
  write_running_cost(fit, page);
  write_kv_host(fit, options.units, page);
  if (!estimate.fits) {
    const std::vector<Remedy> ways = remedies(fit);
    page.blank();
    page.line(ways.empty() ? "no single setting makes it fit" : "what would fit, one change at a time:");
    for (const Remedy& way : ways) page.line("  " + option_of(way, fit.asked.setup.settings).text());
  }
  page.blank();
  page.line(memory_caption(options.units));
  write_peaks(*fit.deployment, page);
  for (const std::string& note : notes(fit)) page.line("note: " + note);
}

void write_alternatives(const std::vector<Fit>& fits, UnitSystem units, TextDocument& page) {
  std::vector<TextDocument::Column> columns;
  std::vector<std::vector<std::string>> rows(fits.size());
  for (const AlternativeColumn& column : kColumns) {
    std::vector<Value> values;
    values.reserve(fits.size());
    for (const Fit& fit : fits) values.push_back(column.value(fit, units));
    const auto differs = [&](const Value& value) { return cell_text(value) != cell_text(values.front()); };
    const bool is_shown = column.always || (column.shown == nullptr ? std::any_of(values.begin(), values.end(), differs)
                                                                    : column.shown(fits));
    if (!is_shown) continue;
    const auto is_count = [](const Value& value) { return std::holds_alternative<Count>(value); };
    columns.push_back({.heading = std::string(column.heading),
                       .right_aligned = std::any_of(values.begin(), values.end(), is_count),
                       .rank = column.rank,
                       .about = column.metric ? about_metric(*column.metric)
                                              : TextDocument::Column::About{column.name, {}, column.meaning}});
    for (std::size_t i = 0; i < fits.size(); ++i) rows[i].push_back(cell_text(values[i]));
  }
  page.table(std::move(columns), rows);
}

void write_memory_bars(const std::vector<Fit>& fits, UnitSystem units, TextDocument& page) {
  for (const Fit& fit : fits) {
    const DeploymentEstimate& estimate = fit.estimate;
    std::string label = format("{}: {}", estimate.verdict(), place_text(*fit.deployment));
    for (const AlternativeColumn& column : kColumns) {
      // The place has the split, and what is always shown is in the table above.
      if (column.always || column.shown != nullptr || column.name == "parallel" ||
          column.metric == Metric::host_bytes) {
        continue;
      }
      const std::string text = cell_text(column.value(fit, units));
      const auto differs = [&](const Fit& other) { return cell_text(column.value(other, units)) != text; };
      if (std::any_of(fits.begin(), fits.end(), differs)) label += format(", {} {}", column.heading, text);
    }
    const DeviceMemory& device = estimate.devices[estimate.largest];
    if (const std::optional<Count> bytes = device.bytes()) {
      label += ": " + short_bytes(*bytes, units);
      if (estimate.capacity) label += " of " + short_bytes(*estimate.capacity, units);
    }
    page.line(label);
    draw_memory(device, page);
  }
  page.blank();
  const BarMarks& marks = kBarMarks[page.settings().unicode];
  // Devices of one engine name their third part alike.
  const std::array<BarPart, 5> parts = bar_parts(fits.front().estimate.devices.front());
  std::string legend;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].name == "adapters" && parts[i].bytes == Count{}) continue;
    legend += format("{} {}, ", marks.parts[i], parts[i].name);
  }
  page.line(format("{}{} free, {} capacity", legend, marks.free, marks.capacity));
}

std::string memory_caption(UnitSystem units) { return format("memory: {}", units_text(units)); }

}  // namespace ctxcost
