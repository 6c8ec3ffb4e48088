#include "option_values.h"

#include <algorithm>
#include <cstdlib>

#include "complaints.h"
#include "core/format.h"
#include "core/quantity.h"
#include "ctxcost/core/diagnostic.h"

namespace ctxcost::cli {
namespace {

/// Items of a comma list of names with settings: in "int4:group=64,zero,q8_0" the commas inside settings do not part.
std::vector<std::string> split_names(std::string_view text, std::string_view option) {
  std::vector<std::string> items;
  std::size_t start = 0;
  bool settings = false;  // the item so far has settings
  while (start <= text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const std::string item(text.substr(start, comma - start));
    start = comma + 1;
    if (item.empty()) {
      throw InputError(
          Diagnostic{std::string(option), "", format("expected a name, found nothing in \"{}\"", text), ""});
    }
    const bool has_colon = item.find(':') != std::string::npos;
    if (settings && !has_colon && (item.find('=') != std::string::npos || item == "zero")) {
      items.back() += "," + item;
    } else {
      items.push_back(item);
      settings = has_colon;
    }
  }
  return items;
}

/// What `read` makes of every value of an option, joined.
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

std::vector<std::string> split_names(const std::vector<std::string>& texts, std::string_view option) {
  std::vector<std::string> all;
  for (const std::string& text : texts) {
    for (std::string& name : split_names(text, option)) all.push_back(std::move(name));
  }
  return all;
}

Count parse_size(std::string_view text, std::string_view option) {
  const auto fail = [&](std::string message, std::string hint) {
    throw InputError(Diagnostic{std::string(option), "", std::move(message), std::move(hint)});
  };
  const std::optional<Count> bytes = parse_quantity(text, Unit::bytes, Rounding::down);
  if (!bytes) fail(format("expected bytes, found \"{}\"", text), "write 2GiB, 500MB or an integer");
  if (lacks_unit(text, *bytes)) {
    fail(format("expected a size with its unit, found \"{}\": bytes?", text),
         format("write {0}GiB, {0}MB or, for bytes, {0}B", text));
  }
  return *bytes;
}

Margin parse_margin(std::string_view text, std::string_view option) {
  if (const std::optional<Fraction> share = read_percent(text)) return {.share = *share, .bytes = {}};
  if (parse_quantity(text, Unit::bytes, Rounding::down)) return {.share = {}, .bytes = parse_size(text, option)};
  throw InputError(Diagnostic{std::string(option), "",
                              format("expected a percentage up to 100% or a size, found \"{}\"", text),
                              "write 5% or 2GiB"});
}

std::vector<KvPrecision> parse_kv_precisions(std::string_view text, std::string_view option) {
  std::vector<KvPrecision> types;
  for (const std::string& name : split_names(text, option)) types.push_back(parse_kv_precision(name, option));
  return types;
}

std::vector<WeightScheme> parse_weight_schemes(std::string_view text, std::string_view option) {
  std::vector<WeightScheme> types;
  for (const std::string& name : split_names(text, option)) types.push_back(parse_weight_scheme(name, option));
  return types;
}

LengthList lengths(const Arguments& arguments, OptionId id, Count minimum) {
  const std::string_view name = option(id).name;
  LengthList list;
  for (const std::string& text : arguments.all(id)) {
    list.append(parse_lengths(text, name, minimum));
    if (const std::string note = digit_groups_note(text); !note.empty()) complain(format("{}: note: {}", name, note));
  }
  return list;
}

std::optional<Fraction> fraction(const Arguments& arguments, OptionId id) {
  if (!arguments.has(id)) return std::nullopt;
  return parse_fraction(arguments.value(id), option(id).name);
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
  for (const std::string& text : arguments.all(OptionId::engine)) all.push_back(parse_engine(text));
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

Convention convention(const Arguments& arguments) {
  return parse_convention(arguments.value_or_fallback(OptionId::convention));
}

Logits logits(const Arguments& arguments) {
  return arguments.value_or_fallback(OptionId::logits) == "all" ? Logits::all : Logits::last;
}

UnitSystem units(const Arguments& arguments) {
  return arguments.value_or_fallback(OptionId::units) == "iec" ? UnitSystem::iec : UnitSystem::si;
}

LoadOptions load_options(const Arguments& arguments) { return {.assume_full = arguments.has(OptionId::assume)}; }

bool wants_color(const Arguments& arguments, const Output& output) {
  const std::string_view choice = arguments.value_or_fallback(OptionId::color);
  if (choice != "auto") return choice == "always";
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return output.is_terminal() && (no_color == nullptr || *no_color == '\0') && !dumb;
}

}  // namespace ctxcost::cli
