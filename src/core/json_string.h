// Strings of JSON.
#pragma once

#include <string_view>

#include "ctxcost/core/writer.h"

namespace ctxcost {

/// The text in quotes: what is not printable is escaped, and a byte that is not UTF-8 becomes U+FFFD.
void write_json_string(Writer& out, std::string_view text);

}  // namespace ctxcost
