// The list of JSON formats that a model may be in. A new one is a file of its own and a line in formats.cc.
#pragma once

#include <span>
#include <string_view>

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

struct InputFormat {
  std::string_view name;
  bool (*recognises)(const JsonValue& root);
  /// Throws InputError with every fault found. `Model::origin` is filled in by the caller, as is a `name` left empty.
  Model (*read)(const JsonDocument& document, const LoadOptions& options);
};

/// In the order in which they are tried.
std::span<const InputFormat> input_formats();

/// The format of a document's root, or null.
const InputFormat* input_format_of(const JsonValue& root);

/// Reads a model in whichever format it is; its origin and, where it has none, its name are the document's source.
/// Throws InputError with every fault found.
Model read_model(const JsonDocument& document, const LoadOptions& options);

}  // namespace ctxcost
