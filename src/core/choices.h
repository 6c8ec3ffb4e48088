// The words that a setting may have, as tables write them: "gated|plain|none".
#pragma once

#include <string_view>
#include <vector>

#include "core/divided.h"

namespace ctxcost {

/// Returns the words. None of an empty text.
inline std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> words;
  if (choices.empty()) return words;
  for (const std::string_view word : divided(choices, '|')) words.push_back(word);
  return words;
}

/// Returns whether the word is one of them.
inline bool is_choice(std::string_view choices, std::string_view word) {
  if (choices.empty()) return false;
  for (const std::string_view choice : divided(choices, '|')) {
    if (choice == word) return true;
  }
  return false;
}

}  // namespace ctxcost
