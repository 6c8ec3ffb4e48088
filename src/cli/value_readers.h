// Values of options as texts: what the table of options checks, and `option_values` reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/deployment/deployment.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost::cli {

/// Reads "2GiB", "4.06 GiB", "500MB" or plain bytes; a fraction of a byte is dropped. Throws InputError naming
/// `option`.
Count parse_size(std::string_view text, std::string_view option);
/// Reads "5%" or a size. Throws InputError that names `option`.
Margin parse_margin(std::string_view text, std::string_view option);
/// Reads "2.49": a decimal above 0. Throws InputError that names `option`.
double parse_positive(std::string_view text, std::string_view option);
/// Reads a comma list of types of the cache. Throws InputError that names `option`.
std::vector<KvPrecision> parse_kv_precisions(std::string_view text, std::string_view option);
/// Reads a comma list of types of the weights. Throws InputError that names `option`.
std::vector<WeightScheme> parse_weight_schemes(std::string_view text, std::string_view option);

/// Items of comma lists of names with settings: in "int4:group=64,zero,q8_0" the commas inside settings do not part.
std::vector<std::string> split_names(std::string_view text, std::string_view option);

}  // namespace ctxcost::cli
