#include "option_values.h"

#include <algorithm>
#include <cstdlib>

#include "complaints.h"
#include "core/character.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
#include "terminal.h"
#include "value_readers.h"

namespace ctxcost::cli {
namespace {

/// Applies `read` to every value of an option and joins the results.
template <typename T>
std::vector<T> read_all(const Arguments& arguments, OptionId id,
                        std::vector<T> (*read)(std::string_view text, std::string_view option)) {
  std::vector<T> all;
  for (const std::string& text : arguments.all(id)) {
    for (T& one : read(text, option(id).name)) all.push_back(std::move(one));
  }
  return all;
}

/// Says how ambiguous names of cards were interpreted.
void complain_of_names(const MachineChoice& machine) {
  for (const GpuChoice& part : machine.parts) {
    if (!part.gpu.assumption.empty()) complain(format("note: {}", part.gpu.assumption));
  }
}

bool wants_color(const Arguments& arguments, bool is_terminal) {
  const std::string_view choice = arguments.value_or_fallback(OptionId::color);
  if (choice != "auto") return choice == "always";
  if (!is_terminal) return false;
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return (no_color == nullptr || *no_color == '\0') && !dumb;
}

/// Returns whether the environment's locale is one of UTF-8. [POSIX.1-2017, Base Definitions, 8.2]
bool is_unicode_locale() {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* const locale = std::getenv(name);
    if (locale == nullptr || *locale == '\0') continue;
    const std::string text = lower_case(locale);
    return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

/// Returns the columns that a text has; 0 is any number.
std::size_t width_of(const Arguments& arguments, const Output& output, bool is_terminal) {
  const bool is_given = arguments.has(OptionId::width);
  if (arguments.has(OptionId::wide)) {
    if (is_given) throw_fault("--width", "bounds what --wide does not", "keep one of them");
    return 0;
  }
  if (is_given) return parse_width(arguments.value(OptionId::width), option(OptionId::width).name);
  if (!is_terminal) return output.is_standard() ? columns_of_environment().value_or(0) : 0;
  return output.columns();
}

}  // namespace

LengthList lengths(const Arguments& arguments, OptionId id, Count minimum) {
  const std::string_view name = option(id).name;
  LengthList list;
  for (const std::string& text : arguments.all(id)) {
    list.append(parse_lengths(text, name, minimum));
    if (const std::string note = digit_groups_note(text); !note.empty()) complain(format("{}: note: {}", name, note));
  }
  return list;
}

void throw_several(OptionId id, Count found, std::string_view hint) {
  throw_fault(option(id).name, format("expected one value, found {}", to_string(found)), std::string(hint));
}

std::optional<Count> only_length(const Arguments& arguments, OptionId id, Count minimum, std::string_view hint) {
  const LengthList list = lengths(arguments, id, minimum);
  if (list.empty()) return std::nullopt;
  if (list.size() != 1) throw_several(id, list.size(), hint);
  return list.smallest();
}

std::optional<Fraction> fraction(const Arguments& arguments, OptionId id) {
  if (!arguments.has(id)) return std::nullopt;
  return parse_fraction(arguments.value(id), option(id).name);
}

std::optional<Precision> activations(const Arguments& arguments) {
  if (!arguments.has(OptionId::activations)) return std::nullopt;
  return parse_activations(arguments.value(OptionId::activations), option(OptionId::activations).name);
}

std::optional<Count> size(const Arguments& arguments, OptionId id) {
  if (!arguments.has(id)) return std::nullopt;
  return parse_size(arguments.value(id), option(id).name);
}

std::optional<Margin> margin(const Arguments& arguments) {
  if (!arguments.has(OptionId::margin)) return std::nullopt;
  return parse_margin(arguments.value(OptionId::margin), option(OptionId::margin).name);
}

std::optional<AdapterSettings> adapters(const Arguments& arguments) {
  if (!arguments.has(OptionId::lora)) return std::nullopt;
  return parse_adapters(arguments.value(OptionId::lora), option(OptionId::lora).name);
}

std::vector<DeviceRates> device_rates(const Arguments& arguments, std::size_t gpus) {
  std::vector<DeviceRates> all;
  const auto read = [&](OptionId id, const auto& parse, std::optional<Fraction> DeviceRates::*rate,
                        bool DeviceRates::*is_asked) {
    if (!arguments.has(id)) return;
    const std::string_view name = option(id).name;
    const std::vector<std::optional<Fraction>> values = parse(arguments.value(id), name);
    if (values.size() != 1 && values.size() != gpus) {
      throw_fault(name, gpus == 1 ? format("expected one value, found {}", values.size())
                                  : format("expected one value, or {} as --gpu, found {}", gpus, values.size()));
    }
    all.resize(gpus);
    for (std::size_t i = 0; i < gpus; ++i) {
      all[i].*rate = values[values.size() == 1 ? 0 : i];
      all[i].*is_asked = true;
    }
  };
  read(OptionId::price, parse_prices, &DeviceRates::usd_per_hour, &DeviceRates::price_asked);
  read(OptionId::power, parse_powers, &DeviceRates::watts, &DeviceRates::power_asked);
  return all;
}

std::optional<double> usd_per_device_hour(const Arguments& arguments, const Accelerator& gpu) {
  for (const DeviceRates& rates : device_rates(arguments, 1)) {
    if (!rates.price_asked) continue;
    if (rates.usd_per_hour) return rates.usd_per_hour->value();
    if (gpu.price) return gpu.price->usd_per_hour.value();
    throw_fault(option(OptionId::price).name, format("no list price of {} is known", gpu.id),
                "write the US dollars of an hour");
  }
  return std::nullopt;
}

std::optional<double> watts_given(const Arguments& arguments) {
  for (const DeviceRates& rates : device_rates(arguments, 1)) {
    if (rates.watts) return rates.watts->value();
  }
  return std::nullopt;
}

std::vector<KvPrecision> kv_precisions(const Arguments& arguments) {
  return read_all(arguments, OptionId::kv_precision, parse_kv_precisions);
}

std::vector<WeightScheme> weight_schemes(const Arguments& arguments) {
  return read_all(arguments, OptionId::weights, parse_weight_schemes);
}

std::vector<EngineChoice> engine_choices(const Arguments& arguments) {
  std::vector<EngineChoice> all;
  for (const std::string& text : arguments.all(OptionId::engine)) {
    for (EngineChoice& one : parse_engines(text)) all.push_back(std::move(one));
  }
  return all;
}

std::vector<GpuChoice> gpu_choices(const Arguments& arguments) {
  std::vector<GpuChoice> all;
  for (const std::string& text : arguments.all(OptionId::gpu)) {
    for (const std::string& name : split_names(text, option(OptionId::gpu).name)) {
      all.push_back(parse_gpu(name));
      const std::string& assumption = all.back().gpu.assumption;
      if (arguments.has(OptionId::quiet) && !assumption.empty()) complain(format("note: {}", assumption));
    }
  }
  return all;
}

std::vector<MachineChoice> machine_choices(const Arguments& arguments) {
  std::vector<MachineChoice> all;
  for (const std::string& text : arguments.all(OptionId::gpu)) {
    for (const std::string& name : split_names(text, option(OptionId::gpu).name)) {
      all.push_back(parse_machine(name));
      if (arguments.has(OptionId::quiet)) complain_of_names(all.back());
    }
  }
  return all;
}

std::vector<Fraction> utilizations(const Arguments& arguments) {
  if (!arguments.has(OptionId::utilization)) return {};
  return parse_fractions(arguments.value(OptionId::utilization), option(OptionId::utilization).name);
}

std::vector<Parallelism> parallelisms(const Arguments& arguments) {
  std::vector<Parallelism> all;
  for (const std::string& text : arguments.all(OptionId::parallel)) all.push_back(parse_parallelism(text));
  return all;
}

std::vector<Column> columns(const Arguments& arguments) {
  return read_all(arguments, OptionId::columns, parse_columns);
}

Grid grid(const Arguments& arguments) {
  Grid axes;
  axes.contexts = lengths(arguments, OptionId::context, 0);
  axes.batches = lengths(arguments, OptionId::batch, 1);
  axes.kv = kv_precisions(arguments);
  axes.weights = weight_schemes(arguments);
  axes.engines = engine_choices(arguments);
  return axes;
}

Convention convention(const Arguments& arguments) {
  return parse_convention(arguments.value_or_fallback(OptionId::convention));
}

Logits logits(const Arguments& arguments) {
  return arguments.value_or_fallback(OptionId::logits) == "all" ? Logits::all : Logits::last;
}

UnitSystem units(const Arguments& arguments) {
  return arguments.value_or_fallback(OptionId::units) == "iec" ? UnitSystem::iec : UnitSystem::si;
}

LoadOptions load_options(const Arguments& arguments) {
  LoadOptions options{.assume_full = arguments.has(OptionId::assume)};
  for (const std::string& text : arguments.all(OptionId::set)) {
    options.changes.push_back(parse_change(text, option(OptionId::set).name));
  }
  return options;
}

RenderOptions render_options(const Arguments& arguments) {
  RenderOptions options;
  options.units = units(arguments);
  options.quiet = arguments.has(OptionId::quiet);
  options.verbose = arguments.has(OptionId::verbose);
  options.convention_asked = arguments.has(OptionId::convention);
  options.plot = arguments.has(OptionId::plot);
  return options;
}

PageSettings page_settings(const Arguments& arguments, const Output& output) {
  const bool is_terminal = output.is_terminal();
  return {.color = wants_color(arguments, is_terminal),
          .width = width_of(arguments, output, is_terminal),
          .unicode = !arguments.has(OptionId::plot) || is_unicode_locale(),
          .explain_columns = arguments.has(OptionId::explain_columns),
          .advice = "--wide shows all"};
}

}  // namespace ctxcost::cli
