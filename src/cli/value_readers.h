// Readers of option values. The table of options uses them for checks, and `option_values` for reading.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/core/count.h"
#include "ctxcost/core/fraction.h"
#include "ctxcost/core/precision.h"
#include "ctxcost/deployment/kv_host.h"
#include "ctxcost/deployment/setup.h"
#include "ctxcost/input/input.h"
#include "ctxcost/weights/weight_scheme.h"

namespace ctxcost::cli {

/// Reads a number of threads, 1 to 1,024. Throws InputError naming `source`.
std::size_t parse_jobs(std::string_view text, std::string_view source);

/// No text is laid out in fewer columns.
inline constexpr std::size_t kLeastWidth = 20;
/// Reads columns of text: "100". Throws InputError naming `source` unless it is from kLeastWidth to 10,000.
std::size_t parse_width(std::string_view text, std::string_view source);

/// Reads "2GiB", "4.06 GiB", "500MB" or plain bytes; a fraction of a byte is dropped. Throws InputError naming
/// `option`.
Count parse_size(std::string_view text, std::string_view option);
/// Reads "512GiB" or "512GiB:bandwidth=25GB". Throws InputError naming `option`.
KvHostStore parse_kv_host(std::string_view text, std::string_view option);
/// Reads "5%" or a size. Throws InputError naming `option`.
Margin parse_margin(std::string_view text, std::string_view option);
/// Reads the prices of --price, "2.49,list": decimals above 0, and nothing for the list price. Throws InputError that
/// names `option`.
std::vector<std::optional<Fraction>> parse_prices(std::string_view text, std::string_view option);
/// Reads the powers of --power, "700,board", in the same way.
std::vector<std::optional<Fraction>> parse_powers(std::string_view text, std::string_view option);
/// Reads a comma list of types of the cache. Throws InputError that names `option`.
std::vector<KvPrecision> parse_kv_precisions(std::string_view text, std::string_view option);
/// Reads a comma-separated list of weight types. Throws InputError naming `option`.
std::vector<WeightScheme> parse_weight_schemes(std::string_view text, std::string_view option);

/// A range of parameters; an end that is not given is empty.
struct ParameterRange {
  std::optional<Count> least;
  std::optional<Count> most;
};
/// Reads "7B..70B", "7B.." or "..70B". Throws InputError naming `option`.
ParameterRange parse_parameters(std::string_view text, std::string_view option);

/// Reads "kv_heads=4". Throws InputError naming `option`.
KeyChange parse_change(std::string_view text, std::string_view option);

/// Splits comma-separated lists of names with settings. In "int4:group=64,zero,q8_0" the comma inside the settings does
/// not split.
std::vector<std::string> split_names(std::string_view text, std::string_view option);

}  // namespace ctxcost::cli
