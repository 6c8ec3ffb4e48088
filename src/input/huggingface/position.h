// Positions and the usable window of a config.json.
#pragma once

#include <optional>

#include "config.h"
#include "ctxcost/model/model.h"

namespace ctxcost::huggingface {

/// The longest sequence a file states: the smallest of the keys that are present, as vLLM takes it
/// [vllm/config/model.py _get_and_verify_max_len]; else the class default (recorded).
std::optional<Count> longest_sequence(const Config& config, std::optional<Count> class_default);

/// Rotary positions with rope_scaling or rope_parameters (docs/cost-model.md section 10).
/// `extended`: the file's longest sequence is the extended one already, whatever the scaling (Gemma 3).
void read_rope(const Config& config, Model& model, std::optional<Count> class_default, bool extended = false);

/// Positions of another kind, trained on `trained` tokens; `hard_limit` where a table ends.
void set_positions(Model& model, PositionEncoding encoding, std::optional<Count> trained,
                   std::optional<Count> hard_limit = std::nullopt);

}  // namespace ctxcost::huggingface
