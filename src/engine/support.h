// Functions shared by the engines' files: lists of names, and the text of refusals.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/engine/engine.h"

namespace ctxcost {

template <std::size_t N>
bool contains(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

/// Throws an InputError for a setup with which the runtime itself would not start.
[[noreturn]] inline void refuse(std::string_view engine, std::string message, std::string hint) {
  throw InputError(setting_fault("engine " + std::string(engine), std::move(message), std::move(hint)));
}

/// Refuses layers of a kind that the runtime does not have.
template <std::size_t N>
void check_kind(std::string_view engine, const std::string_view (&kinds)[N], std::string_view kind) {
  if (contains(kinds, kind)) return;
  refuse(engine, "it has no layers of kind \"" + std::string(kind) + "\"", "the engine ideal counts their live need");
}

/// Adds a note once.
inline void add_note(Reserve& reserve, std::string_view text) {
  if (std::find(reserve.notes.begin(), reserve.notes.end(), text) == reserve.notes.end()) {
    reserve.notes.emplace_back(text);
  }
}

}  // namespace ctxcost
