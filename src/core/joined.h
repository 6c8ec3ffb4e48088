// Tables one behind the other, when the program is compiled.
#pragma once

#include <array>
#include <cstddef>

namespace ctxcost {

/// Returns the elements of all tables, in their order.
template <typename Element, std::size_t... Sizes>
constexpr auto joined(const std::array<Element, Sizes>&... tables) {
  std::array<Element, (Sizes + ...)> all{};
  std::size_t at = 0;
  const auto append = [&](const auto& table) {
    for (const Element& element : table) all[at++] = element;
  };
  (append(tables), ...);
  return all;
}

}  // namespace ctxcost
