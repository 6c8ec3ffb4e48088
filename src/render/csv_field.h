#pragma once

#include <string>
#include <string_view>

#include "ctxcost/core/writer.h"
#include "field.h"

namespace ctxcost {

/// Writes a CSV field, quoted as in RFC 4180. Unprintable characters are escaped as in text, so that a row is one line.
std::string csv_field(std::string_view text);

/// Writes a scalar of any kind. An empty one gives an empty field.
void write_csv_value(Writer& out, const Value& value);

}  // namespace ctxcost
