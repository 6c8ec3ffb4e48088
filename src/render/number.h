#pragma once

#include "ctxcost/core/writer.h"

namespace ctxcost {

/// The shortest digits that read back as the same double, in every locale; 16384 for 16384.0.
void write_double(Writer& out, double value);

}  // namespace ctxcost
