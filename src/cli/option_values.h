// Values of options. Each kind of value is read in one place for all commands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/deployment/setup.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/render.h"
#include "ctxcost/weights/weight_scheme.h"
#include "output.h"
#include "render/text_document.h"
#include "value_readers.h"

namespace ctxcost::cli {

/// Returns all values of an option as one list, each at least `minimum`. Writes a note to stderr if one of them looks
/// like a number with digit groups.
LengthList lengths(const Arguments& arguments, OptionId id, Count minimum);
/// Returns the only one of these lengths. Empty if none was given. Throws InputError with `hint` for several.
std::optional<Count> only_length(const Arguments& arguments, OptionId id, Count minimum, std::string_view hint = {});
/// Throws InputError: `found` values were given where one is expected.
[[noreturn]] void throw_several(OptionId id, Count found, std::string_view hint);
/// Returns the only value of a list that was read from an option. Empty if the list is. Throws InputError for several.
template <typename Value>
std::optional<Value> only_value(const std::vector<Value>& values, OptionId id, std::string_view hint = {}) {
  if (values.size() > 1) throw_several(id, values.size(), hint);
  return values.empty() ? std::nullopt : std::optional(values.front());
}
/// Returns the value of --utilization or a similar option. Empty if it was not given.
std::optional<Fraction> fraction(const Arguments& arguments, OptionId id);
/// The type in which kernels multiply.
std::optional<Precision> activations(const Arguments& arguments);
/// Returns the value of --overhead or a similar option. Empty if it was not given.
std::optional<Count> size(const Arguments& arguments, OptionId id);

/// Returns the value of --margin. Empty if it was not given.
std::optional<Margin> margin(const Arguments& arguments);
/// Returns the value of --lora. Empty if it was not given.
std::optional<AdapterSettings> adapters(const Arguments& arguments);
/// Returns what --price and --power say of each of `gpus` devices: one value is for all. None of them if neither was
/// given. Throws InputError for another number of values.
std::vector<DeviceRates> device_rates(const Arguments& arguments, std::size_t gpus);
/// Returns --price for one kind of device. Empty if it was not given. Throws InputError if the list price is asked for
/// and none is known.
std::optional<double> usd_per_device_hour(const Arguments& arguments, const Accelerator& gpu);
/// Returns the watts of --power. Empty if it was not given, or as the board's.
std::optional<double> watts_given(const Arguments& arguments);
/// Returns every type of --kv-precision.
std::vector<KvPrecision> kv_precisions(const Arguments& arguments);
/// Returns every type of --weights.
std::vector<WeightScheme> weight_schemes(const Arguments& arguments);
/// Returns every value of --engine.
std::vector<EngineChoice> engine_choices(const Arguments& arguments);
/// Returns every value of --gpu, with its entry in the catalogue or file.
std::vector<GpuChoice> gpu_choices(const Arguments& arguments);
/// Returns the same where the cards of a machine may differ.
std::vector<MachineChoice> machine_choices(const Arguments& arguments);
/// Returns the share of --utilization, or one for each part of a machine.
std::vector<Fraction> utilizations(const Arguments& arguments);
/// Returns every value of --parallel.
std::vector<Parallelism> parallelisms(const Arguments& arguments);
/// Returns the columns of --columns, in order.
std::vector<Column> columns(const Arguments& arguments);

/// Returns the grid of --context, --batch, --kv-precision, --weights and --engine, without models.
Grid grid(const Arguments& arguments);
/// Returns --convention, or the command's default.
Convention convention(const Arguments& arguments);
/// --logits
Logits logits(const Arguments& arguments);
/// --units
UnitSystem units(const Arguments& arguments);
/// --units, --quiet and --verbose, of those that the command takes. Columns are left to the command.
RenderOptions render_options(const Arguments& arguments);
/// --assume
LoadOptions load_options(const Arguments& arguments);
/// Returns how pages are written to `output`: --color, --width, --wide, --explain-columns, and what the terminal and
/// the environment say. Throws InputError if both --width and --wide are given.
PageSettings page_settings(const Arguments& arguments, const Output& output);

}  // namespace ctxcost::cli
