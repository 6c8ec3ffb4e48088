#pragma once

#include <string>
#include <string_view>

namespace ctxcost {

/// A field of CSV as RFC 4180 quotes it. What is not printable is escaped as in text, so that a row is a line.
std::string csv_field(std::string_view text);

}  // namespace ctxcost
