// Strings of JSON.
#pragma once

#include <string_view>

#include "ctxcost/core/writer.h"

namespace ctxcost {

/// Writes the text in quotes. Unprintable characters are escaped, and a byte that is not UTF-8 becomes U+FFFD.
void write_json_string(Writer& out, std::string_view text);

}  // namespace ctxcost
