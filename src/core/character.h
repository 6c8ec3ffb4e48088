// Classes of single characters, without locales.
#pragma once

namespace ctxcost {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace ctxcost
