// Words in one text, separated by spaces: aliases, extensions, keys.
#pragma once

#include <string_view>

namespace ctxcost {

/// Takes the first word off a list that is not empty.
constexpr std::string_view take_word(std::string_view& list) {
  const std::size_t space = list.find(' ');
  const std::string_view word = list.substr(0, space);
  list = space == std::string_view::npos ? std::string_view{} : list.substr(space + 1);
  return word;
}

/// Returns whether the word is one of the list.
constexpr bool holds_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    if (take_word(list) == word) return true;
  }
  return false;
}

}  // namespace ctxcost
