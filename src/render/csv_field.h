#pragma once

#include <string>
#include <string_view>

#include "ctxcost/core/writer.h"
#include "field.h"

namespace ctxcost {

/// A field of CSV as RFC 4180 quotes it. What is not printable is escaped as in text, so that a row is a line.
std::string csv_field(std::string_view text);

/// A scalar of any kind; nothing for nothing.
void write_csv_value(Writer& out, const Value& value);

}  // namespace ctxcost
