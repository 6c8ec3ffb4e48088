// How an engine's file defines its row, so that all.cc can list it by name.
#pragma once

#include "ctxcost/engine/engine.h"

/// Defines an Engine that other files may refer to (a plain const would be local to its file).
#define CTXCOST_ENGINE(name) \
  extern const Engine name;  \
  const Engine name
