// What tests of families ask of one config.json: the model it gives or the refusal, a metric, kinds of layers, notes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ctxcost/core/diagnostic.h"
#include "ctxcost/estimate/estimate.h"
#include "input/huggingface/huggingface.h"
#include "input/json/json.h"

namespace ctxcost::test {

inline Model read(std::string_view text, bool assume_full = false) {
  LoadOptions options;
  options.assume_full = assume_full;
  return read_huggingface(parse_json(text, "config.json"), options);
}

/// What the reader says of a file it refuses.
inline std::string refusal(std::string_view text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

inline std::string digits(std::optional<Count> value) { return value ? to_string(*value) : "nothing"; }

/// An estimate of one sequence.
inline Estimate at(const Model& model, Count context) { return Estimator(model, Workload{}).at(context, 1); }

inline std::string metric(const Model& model, Metric metric, Count context = 1024) {
  return digits(at(model, context).count(metric));
}

/// "full 5, bidirectional+cross_attention 25": kinds of the mixers of each group with its layers, in order of
/// appearance.
inline std::string kinds(const Model& model) {
  std::string text;
  for (const LayerGroup& group : model.groups) {
    if (!text.empty()) text += ", ";
    for (std::size_t i = 0; i < group.mixers.size(); ++i) {
      text.append(i == 0 ? "" : "+").append(group.mixers[i]->kind());
    }
    text.append(" ").append(to_string(group.count()));
  }
  return text;
}

inline bool has_note(const Model& model, std::string_view part) {
  for (const std::string& note : model.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

/// Elements of a named part beside the parameters; 0 if there is none.
inline Count part(const Model& model, std::string_view name) {
  for (const ParameterPart& row : model.parameter_parts) {
    if (row.name == name) return row.elements;
  }
  return 0;
}

}  // namespace ctxcost::test
