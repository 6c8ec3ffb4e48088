// A JSON value as text again.
#pragma once

#include <string>

#include "input/json/json.h"

namespace ctxcost {

/// The value on one line, without spaces, numbers with their own digits; what is not finite is null.
std::string to_text(const JsonValue& value);

}  // namespace ctxcost
