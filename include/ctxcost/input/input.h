// Reads models: the supported formats, and where files are found.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ctxcost/model/model.h"

namespace ctxcost {

struct CatalogueMatch;

/// One key of a model's description and the value that it gets before the model is read: `--set kv_heads=4`.
struct KeyChange {
  /// A key of the file ("num_key_value_heads"), a path to one ("text_config.num_hidden_layers", "pattern.0.layers"), or
  /// a word of our own format ("kv_heads"), which stands for the key that holds it.
  std::string key;
  std::string value;  ///< JSON; what is no JSON is a string
};

struct LoadOptions {
  bool assume_full = false;  ///< `--assume full`: unknown families and layer kinds count as full attention, with a note
  std::vector<KeyChange> changes = {};  ///< in this order; each leaves a note
};

/// Loads MODEL: a catalogue name, a JSON, .gguf or .safetensors file, "-" (standard input) or a directory with a
/// config.json, where the headers of safetensors or GGUF files beside it give the exact weights. An exact catalogue
/// name wins over a file of that name. Throws InputError with every fault found.
Model load_model(std::string_view name, const LoadOptions& options = {});

/// Loads the entry that a loose name stands for, with its weights as the name says, and the match's note.
Model load_model(const CatalogueMatch& match, const LoadOptions& options = {});

/// Loads a model from text in memory. `origin` names it in errors and in the model.
Model parse_model(std::string_view text, std::string_view origin, const LoadOptions& options = {});

}  // namespace ctxcost
