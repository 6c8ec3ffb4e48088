// How a format's file defines its row, so that formats.cc can list it by name.
#pragma once

#include "document.h"

/// Defines an OutputFormat that other files may refer to (a plain const would be local to its file).
#define CTXCOST_OUTPUT_FORMAT(name) \
  extern const OutputFormat name;   \
  const OutputFormat name
