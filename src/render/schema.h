// JSON Schemas of inputs and outputs, built from the tables of the readers and writers.
#pragma once

#include <span>
#include <string_view>

#include "ctxcost/core/writer.h"

namespace ctxcost {

struct SchemaKind {
  std::string_view name;  ///< "model"
  std::string_view summary;
  void (*write)(Writer& out);
};

/// model, budget, output, gpu
std::span<const SchemaKind> schema_kinds();

}  // namespace ctxcost
