// What the fuzz targets have in common: input is either answered or refused with one line, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/printable.h"
#include "ctxcost/core/diagnostic.h"
#include "input/json/json.h"

namespace ctxcost::fuzz {

/// Runs `read` on the bytes. InputError is an answer whose every line must be one line; other exceptions end the run.
template <typename Read>
int refuse_or_read(const std::uint8_t* data, std::size_t size, Read read) {
  try {
    read(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const InputError& error) {
    if (error.diagnostics().empty()) std::abort();
    for (const Diagnostic& diagnostic : error.diagnostics()) {
      if (to_string(diagnostic).find('\n') != std::string::npos) std::abort();
    }
  }
  return 0;
}

/// Aborts unless every character of the text may be shown (core/printable.h) or ends a line.
inline void check_text(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (!character.printable && character.code_point != '\n') std::abort();
    text.remove_prefix(character.bytes.size());
  }
}

/// Aborts unless the text is JSON.
inline void check_json(std::string_view text) {
  try {
    static_cast<void>(parse_json(text, "output"));
  } catch (const InputError&) {
    std::abort();
  }
}

}  // namespace ctxcost::fuzz
