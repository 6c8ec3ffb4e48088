// Reserves as engines' logs print them.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "ctxcost/engine/engine.h"

namespace ctxcost::test {

/// GiB with two decimals, as "%.2f" prints them.
inline std::string gib(Count bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", bytes.to_double() / (1 << 30));
  return text;
}

/// Bytes of the part of that name; 0 where there is none.
inline Count part_bytes(const Reserve& reserve, std::string_view name) {
  for (const ReservedPart& part : reserve.parts) {
    if (part.name == name) return part.bytes;
  }
  return 0;
}

}  // namespace ctxcost::test
