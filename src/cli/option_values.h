// What options say: each kind of value is read in one place, whichever command asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "ctxcost/core/lengths.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/core/units.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/deployment/parallelism.h"
#include "ctxcost/engine/engine.h"
#include "ctxcost/estimate/report.h"
#include "ctxcost/estimate/workload.h"
#include "ctxcost/input/input.h"
#include "ctxcost/input/load_accelerator.h"
#include "ctxcost/render/render.h"
#include "ctxcost/weights/weight_scheme.h"
#include "output.h"
#include "value_readers.h"

namespace ctxcost::cli {

/// All values of an option as one list, each at least `minimum`; with a note on stderr where one of them looks like a
/// number in digit groups.
LengthList lengths(const Arguments& arguments, OptionId id, Count minimum);
/// The value of --utilization and its like; empty where it was not given.
std::optional<Fraction> fraction(const Arguments& arguments, OptionId id);
/// The value of --overhead and its like; empty where it was not given.
std::optional<Count> size(const Arguments& arguments, OptionId id);

/// What --margin says; empty where it was not given.
std::optional<Margin> margin(const Arguments& arguments);
/// Every type of --kv-precision.
std::vector<KvPrecision> kv_precisions(const Arguments& arguments);
/// Every type of --weights.
std::vector<WeightScheme> weight_schemes(const Arguments& arguments);
/// Every value of --engine.
std::vector<EngineChoice> engine_choices(const Arguments& arguments);
/// Every value of --gpu, with what the catalogue or its file says of it.
std::vector<GpuChoice> gpu_choices(const Arguments& arguments);
/// Every value of --parallel.
std::vector<Parallelism> parallelisms(const Arguments& arguments);
/// What --columns names, in order.
std::vector<Column> columns(const Arguments& arguments);

/// What --context, --batch, --kv-precision, --weights and --engine say, without models.
Grid grid(const Arguments& arguments);
/// --convention, or the command's own.
Convention convention(const Arguments& arguments);
/// --logits
Logits logits(const Arguments& arguments);
/// --units
UnitSystem units(const Arguments& arguments);
/// --assume
LoadOptions load_options(const Arguments& arguments);
/// --color, for what goes to `output`.
bool wants_color(const Arguments& arguments, const Output& output);

}  // namespace ctxcost::cli
