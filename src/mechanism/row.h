// How a mechanism's file defines its row, so that all.cc can list it by name.
#pragma once

#include "ctxcost/mechanism/mechanism.h"

/// Defines a Mechanism that other files may refer to (a plain const would be local to its file).
#define CTXCOST_MECHANISM(name) \
  extern const Mechanism name;  \
  const Mechanism name
