// HuggingFace config.json: recognised by model_type, architectures or its own key layout; one reader a family.
#pragma once

#include "ctxcost/input/input.h"
#include "ctxcost/model/model.h"
#include "input/json/json.h"

namespace ctxcost {

/// Has `model_type` or `architectures`, or the key layout of a configuration that has neither (`ssm_cfg`).
bool looks_like_huggingface(const JsonValue& root);

/// Returns whether the file's family names its width "dim" in config.json, too.
bool huggingface_has_dim(const JsonValue& root);

/// Reads a config.json. Throws InputError with every fault found. An unknown family or layer kind is a fault unless
/// `options.assume_full`.
Model read_huggingface(const JsonDocument& document, const LoadOptions& options);
/// The same of a config that is a part of a file. Places in errors are pointers from it.
Model read_huggingface(const JsonValue& root, const std::string& source, const LoadOptions& options);

/// Reads the same with the hf_quant_config.json beside it, in which ModelOpt describes how weights and cache are
/// stored.
Model read_huggingface(const JsonDocument& document, const JsonDocument& quantization, const LoadOptions& options);

}  // namespace ctxcost
