#include "option_values.h"

#include <cstdlib>

#include "complaints.h"
#include "core/format.h"
#include "ctxcost/core/diagnostic.h"
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
    for (const std::string& name : split_names(text, option(OptionId::gpu).name)) all.push_back(parse_gpu(name));
  }
  return all;
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
  return options;
}

bool wants_color(const Arguments& arguments, const Output& output) {
  const std::string_view choice = arguments.value_or_fallback(OptionId::color);
  if (choice != "auto") return choice == "always";
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return output.is_terminal() && (no_color == nullptr || *no_color == '\0') && !dumb;
}

}  // namespace ctxcost::cli
