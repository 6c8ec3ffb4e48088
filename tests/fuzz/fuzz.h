// What the fuzz targets have in common: input is either answered or refused with one line, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ctxcost/core/diagnostic.h"

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

}  // namespace ctxcost::fuzz
