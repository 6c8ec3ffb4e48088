#pragma once

#include <string>

#include "ctxcost/answer/comparison.h"
#include "ctxcost/core/writer.h"

namespace ctxcost {

/// The shortest digits that read back as the same double, in every locale; 16384 for 16384.0.
void write_double(Writer& out, double value);

/// "-3.0": the percentage as a number of JSON and CSV.
std::string decimal_text(const Percent& percent);

/// To so many decimals, with separators before them: "12,345.6".
std::string grouped_real(double value, int decimals);

}  // namespace ctxcost
