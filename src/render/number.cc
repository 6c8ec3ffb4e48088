#include "number.h"

#include <fmt/format.h>

namespace ctxcost {

void write_double(Writer& out, double value) {
  char text[32];  // 17 digits, a sign, a point and an exponent at most
  char* const end = fmt::format_to(text, "{}", value);
  out.text({text, static_cast<std::size_t>(end - text)});
}

}  // namespace ctxcost
