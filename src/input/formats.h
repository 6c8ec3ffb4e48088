// The list of JSON formats of models. A new format is one file and one line in formats.cc.
#pragma once

#include <span>
#include <string_view>

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

struct CatalogueEntry;

struct InputFormat {
  std::string_view name;
  bool (*recognises)(const JsonValue& root);
  /// Throws InputError with every fault found. `Model::origin` is filled in by the caller, as is a `name` left empty.
  Model (*read)(const JsonDocument& document, const LoadOptions& options);
  /// A key of the file that the reader does not ask for by its name may hold anything, and changes no figure.
  bool reads_by_name = false;
};

/// In the order in which they are tried.
std::span<const InputFormat> input_formats();

/// Returns the format of a document's root, or null.
const InputFormat* input_format_of(const JsonValue& root);

/// Reads a model in any of the formats. Its origin is the document's source, and so is its name if it has none. Throws
/// InputError with every fault found.
Model read_model(const JsonDocument& document, const LoadOptions& options);

/// Reads the model of a catalogue entry whose text was parsed already.
Model read_model(const CatalogueEntry& entry, const JsonDocument& document, const LoadOptions& options);

}  // namespace ctxcost
